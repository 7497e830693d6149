from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "mahalla.kernel.reviews"
    label = "reviews"
