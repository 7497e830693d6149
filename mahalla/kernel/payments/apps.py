from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "mahalla.kernel.payments"
    label = "payments"
