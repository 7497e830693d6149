"""``mahalla spec [market …] [--json]``: how much of each market's requirements the tests show."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mahalla.kit import spec

ROOT = Path(__file__).resolve().parents[4]


class Command(BaseCommand):
    help = "Lists, per market and heading, how many requirements of docs/spec the tests show, and which are missing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("market", nargs="*", help="khidma …; all when none is named")
        parser.add_argument("--json", action="store_true", help="the same, for programs")
        parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = spec.report(options["root"], options["market"])
        except (LookupError, ValueError) as wrong:
            raise CommandError(str(wrong)) from None
        if options["json"]:
            self.stdout.write(json.dumps(found.headings, indent=2))
        else:
            self.stdout.write("\n".join(_table(found)))
        for problem in found.problems:
            self.stderr.write(problem)
        if found.problems:
            sys.exit(1)


def _table(found: spec.Report) -> list[str]:
    lines: list[str] = []
    for market, headings in found.headings.items():
        total = sum(row["total"] for row in headings.values())
        shown = sum(row["shown"] for row in headings.values())
        lines.append(f"{market}: {shown} of {total} shown")
        for heading, row in headings.items():
            missing = f"  missing {' '.join(row['missing'])}" if row["missing"] else ""
            lines.append(f"  {heading:<8} {row['shown']:>3} of {row['total']:>3}{missing}")
    return lines
