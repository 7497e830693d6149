from django.apps import AppConfig


class ScheduleConfig(AppConfig):
    name = "mahalla.kernel.schedule"
    label = "schedule"
