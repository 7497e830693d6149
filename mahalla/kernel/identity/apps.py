from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "mahalla.kernel.identity"
    label = "identity"

    def ready(self) -> None:
        from mahalla.kernel.identity import promises  # noqa: F401 - registers the outbox handlers
