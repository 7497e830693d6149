"""The notices that trust's flows name. A market takes them into its own, or writes others of the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.trust import kinds
from mahalla.kit.market import NoticeSpec


def _person(c: Any) -> list[int]:
    return [c.subject.user_id]


def _check(c: Any) -> dict[str, Any]:
    found = kinds.kinds().get(c.subject.kind)
    until = c.subject.valid_until
    return {
        "kind": found.label if found else c.subject.kind,
        "reason": c.subject.reason,
        "date": until.date().isoformat() if until else "",
    }


def _sanction(c: Any) -> dict[str, Any]:
    sanction = c.subject
    return {
        "level": type(sanction).Level(sanction.level).label,
        "category": sanction.category,
        "reason": sanction.reason,
        "answer": sanction.lift_reason or c.actor.reason,
        "until": sanction.ends_at.date().isoformat() if sanction.ends_at else "",
    }


def defaults(
    *, checks_link: str = "/account/checks/", sanctions_link: str = "/account/"
) -> Mapping[str, NoticeSpec]:
    """All of them by name; the links say where a market shows checks and sanctions."""

    def check(name: str, title: Any, body: Any) -> NoticeSpec:
        return NoticeSpec(name, "account", _person, title, body, _check, lambda c: checks_link, critical=True)

    def sanction(name: str, title: Any, body: Any) -> NoticeSpec:
        return NoticeSpec(
            name, "account", _person, title, body, _sanction, lambda c: sanctions_link, critical=True
        )

    specs = (
        check("verification_asked", _("A check is needed"), _("Please send: %(kind)s.")),
        check("verification_approved", _("Checked"), _("%(kind)s is approved.")),
        check(
            "verification_rejected",
            _("Not accepted"),
            _("%(kind)s was not accepted: %(reason)s You can contest this or send it again."),
        ),
        check(
            "verification_warning",
            _("A check runs out"),
            _("%(kind)s ends on %(date)s. Please renew it in time."),
        ),
        check(
            "verification_expired",
            _("A check has run out"),
            _("%(kind)s does not count any more. You get no offers until it is renewed."),
        ),
        sanction(
            "sanction_imposed", _("About your account"), _("%(level)s: %(reason)s You can appeal to support.")
        ),
        sanction("sanction_upheld", _("Your appeal"), _("The decision stays: %(answer)s")),
        sanction("sanction_lifted", _("Lifted"), _("%(level)s was lifted: %(answer)s")),
        sanction("sanction_ended", _("It is over"), _("%(level)s has ended.")),
    )
    return {spec.name: spec for spec in specs}
