from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "mahalla.kernel.notices"
    label = "notices"
