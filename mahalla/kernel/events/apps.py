from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "mahalla.kernel.events"
    label = "events"
