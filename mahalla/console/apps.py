from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "mahalla.console"
    label = "console"
