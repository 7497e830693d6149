from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "mahalla.kernel.ledger"
    label = "ledger"
