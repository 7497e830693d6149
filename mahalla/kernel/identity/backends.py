from django.contrib.auth.backends import ModelBackend


class Backend(ModelBackend):
    """Staff sign in with a password; everybody else through a phone code."""
