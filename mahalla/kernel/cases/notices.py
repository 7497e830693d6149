"""The notices that the case flow names. A market takes them into its own, or writes others of the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases.models import Case
from mahalla.kit.market import NoticeSpec


def _opener(case: Case) -> list[int]:
    return [case.opened_by_id] if case.opened_by_id else []


def _sides(c: Any) -> list[int]:
    """Both sides of a dispute, and only who opened any other case (KH-CASE-07)."""
    case: Case = c.subject
    other = [case.against_id] if case.against_id and not case.one_sided else []
    return [*_opener(case), *other]


def _others(c: Any) -> list[int]:
    return [pk for pk in _sides(c) if pk != c.actor.user_id]


def _asked(c: Any) -> list[int]:
    """Both are told that the case waits, and until when."""
    return _sides(c)


def _params(c: Any) -> dict[str, Any]:
    case: Case = c.subject
    return {
        "code": case.code,
        "reason": case.decision.get("reason", ""),
        "date": case.due_evidence.date().isoformat() if case.due_evidence else "",
    }


def defaults(*, link: str = "/cases/%s/") -> Mapping[str, NoticeSpec]:
    """All of them by name; ``link`` is where a market shows a case."""

    def spec(name: str, to: Any, title: Any, body: Any) -> NoticeSpec:
        return NoticeSpec(
            name, "cases", to, title, body, _params, lambda c: link % c.subject.pk, critical=True
        )

    specs = (
        spec("case_opened", _sides, _("Case %(code)s"), _("We have received it and will answer soon.")),
        spec("case_taken", _sides, _("Case %(code)s"), _("Somebody of our team is looking into it.")),
        spec(
            "case_evidence_asked", _asked, _("Case %(code)s"), _("More information is needed until %(date)s.")
        ),
        spec("case_message", _others, _("Case %(code)s"), _("There is an answer in your case.")),
        spec("case_released", _sides, _("Case %(code)s"), _("The held part is paid while the case goes on.")),
        spec("case_withdrawn", _sides, _("Case %(code)s"), _("The case was withdrawn.")),
        spec("case_decided", _sides, _("Case %(code)s is decided"), _("%(reason)s")),
        spec(
            "case_appealed", _sides, _("Case %(code)s"), _("There is an appeal; somebody else will decide.")
        ),
    )
    return {spec.name: spec for spec in specs}
