"""What speaks for whom in a dispute, and what the rules would decide (KH-CASE-04, KH-CASE-06)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from mahalla.kernel.cases.models import Case
from mahalla.kernel.work.models import Job
from mahalla.markets.khidma import billing


def propose(case: Case, *, now: datetime) -> dict[str, Any]:
    """The rules' proposal: outcome, amount and why; empty where only a person can judge. The agent may deviate."""
    job = Job.objects.filter(pk=case.job_id).first() if case.job_id else None
    if job is None or case.group != Case.Group.DISPUTE or not job.final:
        return {}
    rule = {"hours": _hours, "no_show": _no_show, "partial": _partial}.get(case.kind)
    return rule(case, job, now) if rule else {}


def _proposal(refund_minor: int, charge_minor: int, why: str) -> dict[str, Any]:
    outcome = "none" if not refund_minor else "full" if refund_minor >= charge_minor else "partial"
    return {"outcome": outcome, "refund_minor": min(refund_minor, charge_minor), "why": why}


def _hours(case: Case, job: Job, now: datetime) -> dict[str, Any]:
    """The timer within the client's approval: what was billed above it goes back."""
    if job.terms["pricing_model"] != "hourly":
        return {}
    step = 15
    timed = billing.rounded_minutes(billing.worked_minutes(job, now=now), step) + int(
        job.data.get("extra_approved_min", 0)
    )
    due = billing.price(job.terms, minutes=max(timed, job.terms["minimum_min"])).total_minor
    back = max(0, case.charge_minor - due)
    return _proposal(back, case.charge_minor, _("The timer shows %(min)d minutes.") % {"min": timed})


def _no_show(case: Case, job: Job, now: datetime) -> dict[str, Any]:
    """Arrival event and position: without an arrival everything goes back."""
    if job.arrived_at is None:
        return _proposal(case.charge_minor, case.charge_minor, _("No arrival was recorded."))
    metres = job.data.get("arrive_distance_m")
    why = _("Arrival was recorded %(m)s m from the address.") % {"m": "?" if metres is None else metres}
    return _proposal(0, case.charge_minor, why)


def _partial(case: Case, job: Job, now: datetime) -> dict[str, Any]:
    """The done share that the Tasker stated."""
    share = int(job.data.get("share_pct", 100))
    if job.terms["pricing_model"] != "fixed" or share >= 100:
        return {}
    due = billing.price(job.terms, minutes=0, share_pct=share).total_minor
    return _proposal(
        max(0, case.charge_minor - due), case.charge_minor, _("The Tasker stated %(pct)d%%.") % {"pct": share}
    )
