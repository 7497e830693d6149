from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "mahalla.kernel.cases"
    label = "cases"

    def ready(self) -> None:
        from mahalla.kernel.cases import policies, privacy  # noqa: F401 - policies register who may see a case's files
        from mahalla.kernel.chat.privacy import keep_for
        from mahalla.kernel.identity.privacy import register_eraser, register_section

        register_section("cases", privacy.own_data)
        register_eraser(privacy.erase)
        keep_for(privacy.threads_in_cases)
