from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "mahalla.kernel.chat"
    label = "chat"
