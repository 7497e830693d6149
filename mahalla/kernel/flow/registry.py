"""Which model a noun is."""

from __future__ import annotations

from functools import cache

from django.apps import apps

from mahalla.kernel.flow.models import Stateful


@cache
def model_of(noun: str) -> type[Stateful]:
    """The model whose ``NOUN`` this is. Raises ``LookupError`` for a noun that nothing carries."""
    for model in apps.get_models():
        if issubclass(model, Stateful) and noun == model.NOUN:
            return model
    raise LookupError(f"no model carries the noun {noun!r}")
