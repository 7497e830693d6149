"""What a person was told, and what they want to be told."""

from django.urls import path

from mahalla.web.views import notices

urlpatterns = [
    path("notices/", notices.index, name="notices"),
    path("notices/read/", notices.read_all, name="notices-read"),
    path("notices/<int:pk>/", notices.follow, name="notice"),
    path("notices/<int:pk>/arrived/", notices.arrived, name="notice-arrived"),
    path("notices/preferences/", notices.preferences, name="notice-preferences"),
]
