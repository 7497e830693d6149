"""A client's own things by number; anybody else's are not found."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Job, Request
from mahalla.kit.errors import NotFound, Refused
from mahalla.markets.khidma.models import Series, TaskerProfile, Template

NOT_YOURS = _("This does not exist, or it is not yours.")


def task_for(viewer: User, pk: int) -> Request:
    """The viewer's own task."""
    found = (
        Request.objects.filter(client=viewer, pk=pk)
        .select_related("client", "category__parent", "city", "district")
        .first()
    )
    if found is None:
        raise NotFound("task_not_found", NOT_YOURS)
    return found


def draft_for(viewer: User, pk: int) -> Request:
    """The viewer's own draft. A posted task says so: it is changed on its own page."""
    found = task_for(viewer, pk)
    if found.state != "draft":
        raise Refused("already_posted", _("This task is posted already."), task=found.pk)
    return found


def job_of(task: Request) -> Job | None:
    """The work that the task's page is about: the last one agreed, unless the task looks for somebody again."""
    if task.state != "booked" and task.status not in {"lapsed"}:
        return None
    jobs = task.jobs.select_related("worker__tasker__photo", "offer").prefetch_related("timer")
    return jobs.order_by("-pk").first()


def work_of(task: Request) -> Job:
    found = job_of(task)
    if found is None:
        raise Refused("not_agreed_yet", _("Nobody has accepted this task yet."), state=task.status)
    found.request = task
    return found


def template_for(viewer: User, pk: int) -> Template:
    found = Template.objects.filter(client=viewer, pk=pk).first()
    if found is None:
        raise NotFound("template_not_found", NOT_YOURS)
    return found


def series_for(viewer: User, pk: int) -> Series:
    found = Series.objects.filter(client=viewer, pk=pk).select_related("address").first()
    if found is None:
        raise NotFound("series_not_found", NOT_YOURS)
    return found


def tasker_for(viewer: User, pk: int) -> TaskerProfile:
    """A Tasker whom clients may look at: approved and active. Phone and home are never part of it."""
    found = (
        TaskerProfile.objects.filter(user_id=pk, approved_at__isnull=False, user__status=User.Status.ACTIVE)
        .select_related("user", "photo", "city", "district")
        .first()
    )
    if found is None:
        raise NotFound("tasker_not_found", _("This Tasker is not here any more."))
    return found
