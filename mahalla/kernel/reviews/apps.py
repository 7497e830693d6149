from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "mahalla.kernel.reviews"
    label = "reviews"

    def ready(self) -> None:
        from mahalla.kernel.reviews import manipulation
        from mahalla.kernel.trust import listeners

        listeners.on("flag_resolved", manipulation.restore)
