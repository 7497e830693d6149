from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "mahalla.kernel.cases"
    label = "cases"

    def ready(self) -> None:
        from mahalla.kernel.cases import policies  # noqa: F401 - it registers who may see a case's files
