from django.apps import AppConfig
from django.core import validators
from django.forms.fields import Field
from django.utils.translation import gettext_lazy as _


class WebConfig(AppConfig):
    name = "mahalla.web"
    label = "web"

    def ready(self) -> None:
        """Forms say what is wrong in a person's words, not "Ensure this value is less than or equal to"."""
        Field.default_error_messages["required"] = _("Fill this in.")
        validators.MaxValueValidator.message = _("At most %(limit_value)s.")
        validators.MinValueValidator.message = _("At least %(limit_value)s.")
        validators.MaxLengthValidator.message = _(
            "At most %(limit_value)d characters; these are %(show_value)d."
        )
