from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "mahalla.kernel.chat"
    label = "chat"

    def ready(self) -> None:
        from mahalla.kernel.chat.policies import may_see_asset
        from mahalla.kernel.media import policies

        policies.register("chat", may_see_asset)
