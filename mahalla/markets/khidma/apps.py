from django.apps import AppConfig


class KhidmaConfig(AppConfig):
    name = "mahalla.markets.khidma"
    label = "khidma"
