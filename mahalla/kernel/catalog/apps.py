from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "mahalla.kernel.catalog"
    label = "catalog"
