from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "mahalla.kernel.identity"
    label = "identity"
