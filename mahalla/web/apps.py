from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "mahalla.web"
    label = "web"
