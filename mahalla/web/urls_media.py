from __future__ import annotations

from django.urls import path

from mahalla.web.views import media

urlpatterns = [path("media/<int:pk>/<slug:variant>/", media.serve, name="media")]
