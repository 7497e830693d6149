from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "mahalla.kernel.places"
    label = "places"
