from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "mahalla.kernel.places"
    label = "places"

    def ready(self) -> None:
        from mahalla.kernel.identity.privacy import register_eraser, register_section
        from mahalla.kernel.places.privacy import erase, own_data

        register_section("addresses", own_data)
        register_eraser(erase)
