"""``mahalla messages`` (``make messages``): bring the catalogues in line with the texts in the code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mahalla.project import extraction


class Command(BaseCommand):
    help = "Writes every marked text into the catalogues, drops those that are gone, and says what is untranslated."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not extraction.possible():
            raise CommandError("the GNU gettext tools are needed for this (on Debian: apt install gettext)")
        known = extraction.translations("ar")
        for layer, pot in extraction.extract().items():
            path = extraction.catalogue(layer, "ar")
            path.parent.mkdir(parents=True, exist_ok=True)
            new = extraction.merged(pot, known)
            new.save(str(path))
            missing = len([entry for entry in new if not entry.translated()])
            self.stdout.write(f"mahalla/{layer}: {len(new)} texts, {missing} to translate")
