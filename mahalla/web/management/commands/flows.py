"""``mahalla flows check`` proves points about every market's tables; ``mahalla flows draw`` writes them into docs/flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import override

from mahalla.kit import flow, market

DOCS = Path(__file__).resolve().parents[4] / "docs" / "flows"


class Command(BaseCommand):
    help = "Check the markets' flow tables, or draw them into docs/flows."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=("check", "draw"))
        parser.add_argument("markets", nargs="*", help="default: every market")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["markets"] or sorted(market.registered())
        with override("en"):
            for name in names:
                (self.judge if options["verb"] == "check" else self.draw)(market.get(name))

    def judge(self, one: market.Market) -> None:
        problems = [*_flow_problems(one), *_notice_problems(one)]
        for problem in problems:
            self.stderr.write(f"{one.name}: {problem}")
        if problems:
            raise CommandError(f"{one.name}: {len(problems)} points to mend")
        rows = sum(len(table.transitions) for table in one.flows.values())
        states = sum(len(table.states) for table in one.flows.values())
        self.stdout.write(f"{one.name}: {len(one.flows)} flows, {states} states, {rows} transitions: clean")

    def draw(self, one: market.Market) -> None:
        DOCS.mkdir(parents=True, exist_ok=True)
        page = DOCS / f"{one.name}.md"
        parts = [f"# {one.title!s}: flows\n\nWritten by `mahalla flows draw` from the tables; do not edit.\n"]
        parts += [flow.draw(table) for table in one.flows.values()]
        page.write_text("\n".join(parts))
        self.stdout.write(f"{one.name}: {page.relative_to(DOCS.parents[1])}")


def _flow_problems(one: market.Market) -> list[str]:
    return [problem for table in one.flows.values() for problem in flow.check(table)]


def _notice_problems(one: market.Market) -> list[str]:
    """Every notice that a table names is written, and every policy number that a notice needs is there."""
    named: set[str] = set()
    for table in one.flows.values():
        named.update(notice for row in table.transitions for notice in row.notices)
        named.update(n for deadline in table.deadlines for r in deadline.reminders for n in r.notices)
    return [
        f"notice {name!r} is named by a flow and not declared" for name in sorted(named - set(one.notices))
    ]
