"""What a person wants to hear, by which way, and when not (KH-NOTE-06)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from mahalla.kernel.identity.models import User
from mahalla.kernel.notices.models import Channel, Preference, QuietHours
from mahalla.kit.errors import Invalid
from mahalla.kit.market import NoticeSpec, active

#: the ways that can be switched, in the order in which the page shows them
SWITCHABLE = (Channel.IN_APP, Channel.PUSH, Channel.SMS, Channel.EMAIL)


def groups() -> list[str]:
    """The groups of the market's notices that hold anything to be switched, in the order of declaration."""
    return list(dict.fromkeys(spec.group for spec in active().notices.values() if not spec.critical))


def switched_off(user: User, spec: NoticeSpec) -> set[str]:
    """The channels by which this notice must not come; none for a critical one."""
    if spec.critical:
        return set()
    return set(user.notice_switches.filter(group=spec.group, on=False).values_list("channel", flat=True))


def set_switch(user: User, *, group: str, channel: str, on: bool) -> None:
    """Turn one switch. Raises ``Invalid`` for a group or channel that the market does not have."""
    if group not in groups():
        raise Invalid({"group": _("There are no notices of this kind.")})
    if channel not in SWITCHABLE:
        raise Invalid({"channel": _("Notices do not come this way.")})
    Preference.objects.update_or_create(user=user, group=group, channel=channel, defaults={"on": on})


def set_quiet_hours(user: User, *, start: time | None, end: time | None, zone: str = "") -> None:
    """Hold back what can wait from ``start`` to ``end`` (it may pass midnight); ``None`` for both ends it."""
    if start is None and end is None:
        QuietHours.objects.filter(user=user).delete()
        return
    if start is None or end is None or start == end:
        raise Invalid({"start": _("Give both the beginning and the end, and let them differ.")})
    QuietHours.objects.update_or_create(
        user=user, defaults={"start": start, "end": end, "zone": zone or active().timezone}
    )


def not_before(user: User, moment: datetime) -> datetime:
    """``moment``, or the end of the person's quiet hours when it falls into them."""
    quiet = QuietHours.objects.filter(user=user).first()
    if quiet is None:
        return moment
    zone = ZoneInfo(quiet.zone)
    local = moment.astimezone(zone)
    at = local.time()
    if quiet.start < quiet.end:
        inside = quiet.start <= at < quiet.end
    else:
        inside = at >= quiet.start or at < quiet.end
    if not inside:
        return moment
    day = local.date() + timedelta(days=1 if at >= quiet.end else 0)
    return datetime.combine(day, quiet.end, zone).astimezone(moment.tzinfo)


def table(user: User) -> Iterable[tuple[str, list[tuple[str, bool]]]]:
    """``(group, [(channel, on), …])`` for the page of switches."""
    off = set(user.notice_switches.filter(on=False).values_list("group", "channel"))
    for group in groups():
        yield group, [(channel.value, (group, channel.value) not in off) for channel in SWITCHABLE]
