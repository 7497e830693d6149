"""Cases are a record for years, without names: what an export says of them and what an erasure leaves (KH-SEC-02)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from mahalla.kernel.cases.models import Case, CaseEvidence, CaseMessage
from mahalla.kernel.chat.models import Thread
from mahalla.kernel.identity import privacy
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.media.models import Asset
from mahalla.kernel.work.models import Job
from mahalla.kit.actors import SYSTEM


def own_data(user: User) -> list[dict[str, Any]]:
    """The cases that the person opened. Who reported somebody is not told to the reported."""
    own = Case.objects.filter(opened_by=user).order_by("pk")
    fields = ("code", "kind", "subject", "state", "text", "claimed_minor", "opened_at", "decision")
    return [dict(row) for row in own.values(*fields)]


def threads_in_cases(threads: Iterable[Thread]) -> set[int]:
    """The conversations about work of which there is a case, open or decided."""
    jobs = Job.objects.filter(pk__in=Case.objects.filter(job_id__isnull=False).values("job_id"))
    threads = list(threads)
    numbers = [int(t.subject.partition(":")[2]) for t in threads if t.subject.startswith("request:")]
    streams = {
        f"request:{pk}" for pk in jobs.filter(request_id__in=numbers).values_list("request_id", flat=True)
    }
    return {thread.pk for thread in threads if thread.subject in streams}


def erase(user_id: int, now: datetime) -> None:
    """The record stays and names nobody. Of the person's files only those that a case rests on are left."""
    blot = privacy.blotter(user_id)
    touched = Case.objects.filter(Q(opened_by_id=user_id) | Q(against_id=user_id))
    privacy.blot_rows(touched, "text", "data", "proposal", "decision", blot=blot)
    privacy.blot_rows(CaseMessage.objects.filter(case__in=touched), "text", blot=blot)
    privacy.blot_rows(CaseEvidence.objects.filter(case__in=touched), "text", blot=blot)
    jobs = Job.objects.filter(pk__in=Case.objects.filter(job_id__isnull=False).values("job_id"))
    staying = (
        Q(pk__in=CaseEvidence.objects.filter(asset__isnull=False).values("asset_id"))
        | Q(evidence__job__in=jobs)
        | Q(requestphoto__request__jobs__in=jobs)
        | Q(purpose="chat")  # chat's own eraser has judged these
    )
    for asset in Asset.objects.filter(owner_id=user_id, removed_at=None).exclude(
        pk__in=Asset.objects.filter(staying).values("pk")
    ):
        media.remove(asset, actor=SYSTEM, now=now)
