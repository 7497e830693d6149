"""Which role works where (KH-ADMIN-08), and what each may read besides: photos and talk of the work in its hands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from mahalla.console import access
from mahalla.kernel.cases.models import Case
from mahalla.kernel.chat import policies as chat
from mahalla.kernel.media import policies as media
from mahalla.kernel.work.models import Evidence, Job, RequestPhoto

if TYPE_CHECKING:
    from mahalla.kernel.chat.models import Thread
    from mahalla.kernel.identity.models import User
    from mahalla.kernel.media.models import Asset

#: the specification's table of roles, as the parts of the console
SECTIONS: Mapping[str, frozenset[str]] = {
    "ops_admin": frozenset({access.OPERATIONS}),
    "support_agent": frozenset({access.DISPUTES}),
    "ts_agent": frozenset({access.TRUST}),
    "ops_manager": frozenset({access.ANALYTICS}),
    "admin": frozenset(section.code for section in access.SECTIONS),
}


def sections() -> Mapping[str, frozenset[str]]:
    return SECTIONS


def register() -> None:
    """Once, when the market's app is ready; twice changes nothing."""
    chat.staff_may_read(reads_talk)
    media.register("evidence", sees_work_photo)
    media.register("task_photo", sees_work_photo)


def reads_talk(viewer: User, thread: Thread) -> bool:
    """Whoever has an open case about the work in hand reads what was said about it (KH-CHAT-04, KH-CASE-04)."""
    noun, _colon, number = thread.subject.partition(":")
    if noun != "request" or not number.isdigit():
        return False
    return _cases_of(viewer, int(number)).exclude(phase__in=("settled", "closed")).exists()


def sees_work_photo(viewer: User, asset: Asset) -> bool:
    """Photos of the work for operations, and for the desk that has a case about it."""
    on_task = RequestPhoto.objects.filter(asset=asset).values_list("request_id", flat=True).first()
    request_id = (
        on_task or Evidence.objects.filter(asset=asset).values_list("job__request_id", flat=True).first()
    )
    if request_id is None:
        return False
    return access.OPERATIONS in access.sections_of(viewer) or _cases_of(viewer, request_id).exists()


def _cases_of(viewer: User, request_id: int) -> QuerySet[Case]:
    from mahalla.kernel.cases import kinds

    groups = [group for group in Case.Group.values if kinds.works_on(viewer, group)]
    jobs = Job.objects.filter(request_id=request_id).values("pk")
    return Case.objects.filter(group__in=groups, job_id__in=jobs)
