from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "mahalla.kernel.reviews"
    label = "reviews"

    def ready(self) -> None:
        from mahalla.kernel.identity.privacy import register_eraser, register_section
        from mahalla.kernel.reviews import manipulation, privacy
        from mahalla.kernel.trust import listeners

        register_section("reviews", privacy.own_data)
        register_eraser(privacy.erase)

        listeners.on("flag_resolved", manipulation.restore)
