from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "mahalla.api"
    label = "api"
