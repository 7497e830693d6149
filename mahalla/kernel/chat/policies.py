"""Who reads and writes a thread: its members; and staff where a case gives them the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mahalla.kernel.chat.models import Message, Thread, ThreadMember
from mahalla.kernel.media.policies import is_staff

if TYPE_CHECKING:
    from mahalla.kernel.identity.models import User
    from mahalla.kernel.media.models import Asset

StaffRule = Callable[["User", Thread], bool]
_staff_rules: list[StaffRule] = []


def staff_may_read(rule: StaffRule) -> StaffRule:
    """Let a member of staff read a thread when ``rule(viewer, thread)`` is true: say, a dispute of it is theirs."""
    if rule not in _staff_rules:
        _staff_rules.append(rule)
    return rule


def is_member(viewer: User, thread: Thread) -> bool:
    return viewer.is_active and ThreadMember.objects.filter(thread=thread, user_id=viewer.pk).exists()


def may_read_as_staff(viewer: User, thread: Thread) -> bool:
    return is_staff(viewer) and any(rule(viewer, thread) for rule in _staff_rules)


def may_see_asset(viewer: User, asset: Asset) -> bool:
    """A picture or voice note is seen by those who see its message; before it is sent, by nobody else."""
    message = Message.objects.select_related("thread").filter(asset=asset).first()
    return message is not None and (
        is_member(viewer, message.thread) or may_read_as_staff(viewer, message.thread)
    )
