from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "mahalla.kernel.matching"
    label = "matching"
