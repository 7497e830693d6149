from django.apps import AppConfig


class KhidmaConfig(AppConfig):
    name = "mahalla.markets.khidma"
    label = "khidma"

    def ready(self) -> None:
        from mahalla.markets.khidma import listeners, market, photos, privacy, taskers  # noqa: F401 - the market registers itself
        from mahalla.markets.khidma.console import roles
        from mahalla.markets.khidma.pages import common as pages

        listeners.register()
        photos.register()
        privacy.register()
        taskers.register()
        pages.register()
        roles.register()
