from django.apps import AppConfig


class ScheduleConfig(AppConfig):
    name = "mahalla.kernel.schedule"
    label = "schedule"

    def ready(self) -> None:
        from mahalla.kernel.identity.privacy import register_eraser, register_section
        from mahalla.kernel.schedule.privacy import erase, own_data

        register_section("calendar", own_data)
        register_eraser(erase)
