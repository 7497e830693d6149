"""Telling people: once, in their language, by the way that reaches them, and not when they do not want it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy

from mahalla.kernel.events import outbox
from mahalla.kernel.events.models import Event, OutboxItem
from mahalla.kernel.identity.models import User
from mahalla.kernel.notices import operations, queries, switches
from mahalla.kernel.notices.gateways import GatewayDown, Message, Undeliverable
from mahalla.kernel.notices.models import Delivery, Notice, OutboxMessage, PushSubscription, Text
from mahalla.kit.errors import Invalid
from mahalla.kit.market import activate
from tests.kernel.notices_market import NOON, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hamlet() -> Iterator[None]:
    with activate("hamlet"):
        yield


@pytest.fixture
def sara() -> User:
    return person("Sara", "+966500000001", "ar")


@pytest.fixture
def omar() -> User:
    return person("Omar", "+966500000002", email="omar@example.org")


@pytest.fixture
def outsider() -> User:
    return person("Lena", "+966500000009")


def tell(user: User, name: str = "offer", *, now: datetime = NOON, key: str = "k", **more: Any) -> Notice:
    params = {"who": "Sara", "where": {"en": "Riyadh", "ar": "الرياض"}, "answer": "yes"} | more.pop(
        "params", {}
    )
    return operations.notify(
        name=name, user_id=user.pk, params=params, link="/offers/7/", now=now, key=key, **more
    )


def browser(user: User) -> PushSubscription:
    return operations.subscribe(
        user, endpoint=f"https://push.example.org/{user.pk}", p256dh="key", auth="auth", now=NOON
    )


def pass_time(to: datetime, start: datetime = NOON) -> None:
    """Keep what is promised up to ``to``, second by second as a worker would."""
    at = start
    while at <= to:
        while outbox.run_due(at):
            pass
        at += timedelta(seconds=1)


def sent(user: User) -> list[tuple[str, str]]:
    to = {user.phone, user.email, str(user.pk)}
    return [(row.channel, row.text) for row in OutboxMessage.objects.order_by("pk") if row.to in to]


def states(notice: Notice) -> dict[str, str]:
    return dict(notice.deliveries.values_list("channel", "state"))


def test_a_notice_stands_in_the_app_with_its_words_and_link(omar: User, outsider: User) -> None:
    tell(omar)
    (notice,) = queries.notices_for(omar)
    assert (notice.title, notice.body, notice.link) == (
        "New offer",
        "Sara offers you work in Riyadh",
        "/offers/7/",
    )
    assert queries.unread_count(omar) == 1
    assert not queries.notices_for(outsider)


def test_telling_twice_tells_once(omar: User) -> None:
    first, second = tell(omar), tell(omar, now=NOON + timedelta(hours=1))
    assert first.pk == second.pk
    pass_time(NOON + timedelta(seconds=2))
    assert len(sent(omar)) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(user=omar, key="k", name="offer", group="offers", created_at=NOON)


def test_an_unknown_notice_is_a_mistake_of_the_market(omar: User) -> None:
    with pytest.raises(KeyError):
        tell(omar, "no_such_notice")


@pytest.mark.spec("KH-NOTE-07")
def test_the_same_event_speaks_arabic_to_one_and_english_to_the_other(sara: User, omar: User) -> None:
    for user in (sara, omar):
        browser(user)
        tell(user, "said_yes", params={"answer": gettext_lazy("No")})
    pass_time(NOON)
    assert sent(sara) == [("push", "Sara: لا")]
    assert sent(omar) == [("push", "Sara: No")]
    assert states(queries.notices_for(sara)[0]) == {"push": "delivered"}


def test_names_in_the_params_are_said_in_the_readers_language(sara: User) -> None:
    assert tell(sara).body.endswith("الرياض")


@pytest.mark.spec("KH-NOTE-05")
def test_who_has_no_app_gets_the_offer_as_an_sms_with_its_link(omar: User, settings: Any) -> None:
    settings.MAHALLA_PUBLIC_URL = "https://hamlet.example"
    tell(omar)
    pass_time(NOON)
    (row,) = OutboxMessage.objects.all()
    assert (row.channel, row.to, row.link) == ("sms", "+966500000002", "https://hamlet.example/offers/7/")


@pytest.mark.spec("KH-NOTE-05")
def test_a_delivered_push_sends_no_sms(omar: User) -> None:
    browser(omar)
    notice = tell(omar)
    pass_time(NOON + timedelta(seconds=70))
    assert [channel for channel, _text in sent(omar)] == ["push"]
    assert states(notice) == {"push": "delivered", "sms": "skipped"}


class Slow:
    """A push service that takes messages and never says that they arrived."""

    def send(self, message: Message, now: datetime) -> bool:
        return False


def test_a_push_that_does_not_arrive_within_60_s_is_followed_by_an_sms(omar: User, settings: Any) -> None:
    settings.MAHALLA_GATEWAYS = settings.MAHALLA_GATEWAYS | {"push": {"class": f"{__name__}.Slow"}}
    browser(omar)
    notice = tell(omar)
    pass_time(NOON + timedelta(seconds=59))
    assert not sent(omar)
    pass_time(NOON + timedelta(seconds=60), start=NOON + timedelta(seconds=60))
    assert [channel for channel, _text in sent(omar)] == ["sms"]
    assert states(notice) == {"push": "sent", "sms": "delivered"}


def test_the_browser_can_say_that_it_showed_the_push_and_an_outsider_cannot(
    omar: User, outsider: User, settings: Any
) -> None:
    settings.MAHALLA_GATEWAYS = settings.MAHALLA_GATEWAYS | {"push": {"class": f"{__name__}.Slow"}}
    browser(omar)
    notice = tell(omar)
    pass_time(NOON)
    assert not operations.push_arrived(outsider, notice_id=notice.pk, now=NOON)
    assert operations.push_arrived(omar, notice_id=notice.pk, now=NOON)
    pass_time(NOON + timedelta(seconds=61), start=NOON + timedelta(seconds=60))
    assert not sent(omar)


@pytest.mark.spec("KH-NOTE-06")
def test_marketing_off_stops_campaigns_and_the_way_there_still_comes(omar: User) -> None:
    for channel in ("push", "sms", "email", "in_app"):
        switches.set_switch(omar, group="marketing", channel=channel, on=False)
        switches.set_switch(omar, group="tasks", channel=channel, on=False)
    tell(omar, "campaign", key="c")
    tell(omar, "on_the_way", key="w")
    pass_time(NOON + timedelta(seconds=2))
    assert sent(omar) == [("sms", "On the way, about 18 min")]
    assert [notice.name for notice in queries.notices_for(omar)] == ["on_the_way"]


def test_what_the_market_does_not_have_cannot_be_switched(omar: User) -> None:
    assert switches.groups() == ["offers", "tasks", "marketing"]
    for group, channel in (("gossip", "push"), ("offers", "pigeon")):
        with pytest.raises(Invalid):
            switches.set_switch(omar, group=group, channel=channel, on=False)


@pytest.mark.parametrize(
    ("at", "due"),
    [(22, 7), (3, 7), (7, 7), (12, 12), (21, 21)],
    ids=["evening", "night", "end", "day", "before"],
)
def test_quiet_hours_hold_back_what_can_wait(omar: User, at: int, due: int) -> None:
    switches.set_quiet_hours(omar, start=time(22), end=time(7), zone="UTC")
    now = NOON.replace(hour=at)
    notice = tell(omar, now=now)
    (delivery,) = notice.deliveries.all()
    assert delivery.due_at.hour == due
    assert timedelta(0) <= delivery.due_at - now <= timedelta(hours=9)
    assert tell(omar, "on_the_way", now=now, key="w").deliveries.get().due_at == now


def test_quiet_hours_need_both_ends(omar: User) -> None:
    with pytest.raises(Invalid):
        switches.set_quiet_hours(omar, start=time(22), end=None)
    switches.set_quiet_hours(omar, start=None, end=None)


@pytest.mark.spec("KH-NOTE-02")
def test_accepted_and_confirmed_within_10_s_are_two_entries_and_one_message(omar: User) -> None:
    browser(omar)
    tell(omar, "accepted", key="a", merge="task:7")
    tell(omar, "confirmed", key="b", merge="task:7", now=NOON + timedelta(seconds=9))
    pass_time(NOON + timedelta(seconds=30))
    assert [notice.title for notice in queries.notices_for(omar)] == ["Confirmed", "Accepted"]
    assert sent(omar) == [("push", "Sara accepted\nYour task with Sara is confirmed")]


def test_accepted_and_confirmed_further_apart_are_two_messages(omar: User) -> None:
    browser(omar)
    tell(omar, "accepted", key="a", merge="task:7")
    pass_time(NOON + timedelta(seconds=10))
    tell(omar, "confirmed", key="b", merge="task:7", now=NOON + timedelta(seconds=11))
    tell(omar, "confirmed", key="c", merge="task:8", now=NOON + timedelta(seconds=11))
    pass_time(NOON + timedelta(seconds=30), start=NOON + timedelta(seconds=11))
    assert len(sent(omar)) == 3


class Moody:
    """Down for two tries, then up; remembers what it was given."""

    given: list[str] = []

    def send(self, message: Message, now: datetime) -> bool:
        self.given.append(message.key)
        if len(self.given) < 3:
            raise GatewayDown("the gateway answered 503")
        return True


class Closed:
    def send(self, message: Message, now: datetime) -> bool:
        raise Undeliverable("no such number")


def test_a_gateway_that_is_down_loses_nothing_and_doubles_nothing(omar: User, settings: Any) -> None:
    settings.MAHALLA_GATEWAYS = {"sms": {"class": f"{__name__}.Moody"}}
    Moody.given = []
    notice = tell(omar)
    pass_time(NOON)
    (delivery,) = notice.deliveries.all()
    assert (delivery.state, delivery.attempts, delivery.reason) == ("queued", 1, "the gateway answered 503")
    pass_time(NOON + timedelta(seconds=120))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.reason) == ("delivered", 3, "")
    assert len(Moody.given) == 3
    assert len(set(Moody.given)) == 1


def test_an_address_that_takes_nothing_is_not_tried_again(omar: User, settings: Any) -> None:
    settings.MAHALLA_GATEWAYS = {"sms": {"class": f"{__name__}.Closed"}}
    notice = tell(omar)
    pass_time(NOON + timedelta(seconds=20))
    assert states(notice) == {"sms": "failed"}
    assert not OutboxItem.objects.filter(done_at=None).exists()


def test_a_closed_account_is_told_nothing_more(omar: User) -> None:
    notice = tell(omar)
    User.objects.filter(pk=omar.pk).update(status="banned")
    pass_time(NOON)
    assert states(notice) == {"sms": "skipped"}
    assert not sent(omar)


def test_a_code_to_a_number_goes_out_at_once_and_leaves_no_words_behind() -> None:
    operations.send_text("+966500000003", "Your code is 123456", NOON)
    pass_time(NOON)
    assert OutboxMessage.objects.get().text == "Your code is 123456"
    row = Text.objects.get()
    assert (row.state, row.text) == (Delivery.State.DELIVERED, "")
    assert operations.purge(NOON + timedelta(days=31)) == 1


def test_a_stale_code_is_not_sent(settings: Any) -> None:
    operations.send_text("+966500000003", "Your code is 123456", NOON)
    outbox.run_due(NOON + timedelta(minutes=11))
    assert Text.objects.get().state == Delivery.State.FAILED
    assert not OutboxMessage.objects.exists()


def test_open_pages_hear_of_a_notice_without_its_words(omar: User) -> None:
    tell(omar)
    event = Event.objects.get(name="notice")
    assert (event.topics, event.payload) == ([f"user:{omar.pk}"], {})


def test_reading_is_for_the_owner(omar: User, outsider: User) -> None:
    notice = tell(omar)
    assert operations.mark_read(outsider, ids=[notice.pk], now=NOON) == 0
    assert queries.unread_count(omar) == 1
    assert operations.mark_read(omar, now=NOON) == 1
    assert queries.unread_count(omar) == 0


def test_a_browser_that_changes_hands_shows_the_new_persons_notices_only(omar: User, outsider: User) -> None:
    first = browser(omar)
    operations.subscribe(outsider, endpoint=first.endpoint, p256dh="k", auth="a", now=NOON)
    tell(omar, "accepted")
    pass_time(NOON)
    assert not sent(omar)
