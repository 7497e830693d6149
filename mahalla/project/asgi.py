"""The live stream's process. Pages and API run under WSGI."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mahalla.project.settings")
django.setup()

from mahalla.web.stream import app as application  # noqa: E402

__all__ = ["application"]
