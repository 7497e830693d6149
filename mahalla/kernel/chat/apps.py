from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "mahalla.kernel.chat"
    label = "chat"

    def ready(self) -> None:
        from mahalla.kernel.chat import privacy
        from mahalla.kernel.chat.policies import may_see_asset
        from mahalla.kernel.identity.privacy import register_eraser, register_section
        from mahalla.kernel.media import policies

        policies.register("chat", may_see_asset)
        register_section("messages", privacy.own_data)
        register_eraser(privacy.erase)
