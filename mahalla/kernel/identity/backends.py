from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest


class Backend(ModelBackend):
    """Keeps people signed in; nobody signs in through it.

    Everybody enters by a phone code (``/sign-in/``), staff with a password after it. A door that takes the password
    alone would be a way around the code.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> None:
        return None
