from django.apps import AppConfig


class FlowConfig(AppConfig):
    name = "mahalla.kernel.flow"
    label = "flow"
