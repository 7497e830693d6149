from django.apps import AppConfig


class PolicyConfig(AppConfig):
    name = "mahalla.kernel.policy"
    label = "policy"
