from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "mahalla.kernel.matching"
    label = "matching"

    def ready(self) -> None:
        from mahalla.kernel.identity.privacy import register_eraser, register_section
        from mahalla.kernel.matching.spots import erase, own_data

        register_section("spots", own_data)
        register_eraser(erase)
