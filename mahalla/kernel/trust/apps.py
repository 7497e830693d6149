from django.apps import AppConfig


class TrustConfig(AppConfig):
    name = "mahalla.kernel.trust"
    label = "trust"

    def ready(self) -> None:
        from mahalla.kernel.trust import policies, privacy, providers  # noqa: F401 - they register themselves
