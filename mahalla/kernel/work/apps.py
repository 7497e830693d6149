from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "mahalla.kernel.work"
    label = "work"

    def ready(self) -> None:
        from mahalla.kernel.identity.privacy import register_eraser, register_section
        from mahalla.kernel.work.privacy import erase, own_data

        register_section("work", own_data)
        register_eraser(erase)
