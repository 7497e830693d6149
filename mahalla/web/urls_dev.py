"""What only a development machine shows."""

from django.urls import path

from mahalla.web.views import dev

urlpatterns = [path("dev/outbox/", dev.outbox, name="dev-outbox")]
