"""The house's walls: what may import, point at, or be changed by what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.models import ForeignKey, ManyToManyField

from tests.architecture.source import ROOT, layers


def test_imports_point_down_only() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(command), "--config", ".importlinter", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_the_kernel_apps_stand_in_the_settings_in_their_declared_order() -> None:
    declared = [name for name in layers("kernel") if f"mahalla.kernel.{name}" in settings.KERNEL_APPS]
    assert [app.removeprefix("mahalla.kernel.") for app in settings.KERNEL_APPS] == declared


def test_every_market_folder_is_installed() -> None:
    folders = {path.parent.name for path in (ROOT / "mahalla/markets").glob("*/apps.py")}
    assert {app.removeprefix("mahalla.markets.").split(".")[0] for app in settings.MARKET_APPS} == folders


def height(module: str) -> tuple[int, int, str]:
    """Where a model's app stands: its storey, then its place in the kernel; markets are each their own house."""
    parts = module.split(".")
    if parts[0] != "mahalla":
        return (-1, 0, "")
    storey = next(index for index, layer in enumerate(layers("house")) if parts[1] in layer)
    if parts[1] == "kernel":
        return (storey, layers("kernel").index(parts[2]), "")
    return (storey, 0, parts[2] if parts[1] == "markets" else "")


def test_foreign_keys_obey_the_order_of_the_imports() -> None:
    wrong = []
    for model in apps.get_models(include_auto_created=True):
        if not model.__module__.startswith("mahalla."):
            continue
        own = height(model.__module__)
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey | ManyToManyField):
                continue
            target = height(field.related_model.__module__)
            if target[:2] > own[:2] or (target[2] and target[2] != own[2]):
                wrong.append(f"{model.__module__}.{field} → {field.related_model.__module__}")
    assert not wrong
