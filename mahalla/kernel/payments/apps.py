from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "mahalla.kernel.payments"
    label = "payments"

    def ready(self) -> None:
        from mahalla.kernel.payments import calls, inbox, provider, sandbox

        provider.register(sandbox.NAME, sandbox.Sandbox)
        del calls, inbox  # imported so that their outbox handlers are known
