from django.apps import AppConfig


class MediaConfig(AppConfig):
    name = "mahalla.kernel.media"
    label = "media"
