from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "mahalla.kernel.payments"
    label = "payments"

    def ready(self) -> None:
        from mahalla.kernel.identity.privacy import register_eraser, register_section
        from mahalla.kernel.payments import calls, inbox, privacy, provider, sandbox

        register_section("payments", privacy.own_data)
        register_eraser(privacy.erase)
        provider.register(sandbox.NAME, sandbox.Sandbox)
        del calls, inbox  # imported so that their outbox handlers are known
