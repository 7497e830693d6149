from django.apps import AppConfig


class TrustConfig(AppConfig):
    name = "mahalla.kernel.trust"
    label = "trust"
