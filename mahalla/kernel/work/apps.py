from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "mahalla.kernel.work"
    label = "work"
