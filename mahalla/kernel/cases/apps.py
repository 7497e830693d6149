from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "mahalla.kernel.cases"
    label = "cases"
