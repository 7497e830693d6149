from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Last in the list: when it is ready every market has declared itself, and one is chosen."""

    name = "mahalla.project"
    label = "project"

    def ready(self) -> None:
        from django.conf import settings

        from mahalla.kit import market

        if not market.registered():
            return
        try:
            market.set_active(settings.MAHALLA_MARKET)
        except market.UnknownMarket as error:
            raise SystemExit(f"mahalla cannot start:\n  MAHALLA_MARKET: {error}") from None
