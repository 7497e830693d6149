"""Where the demo's stories play: virtual time from some days ago to now, through the real operations.

A story is a generator that yields the instant at which it goes on. All stories play at once, in the order of time; what
falls due in between (deadlines, the provider's answers, notices, the morning's payouts) happens as it would have.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from mahalla.kernel.chat import operations as chat
from mahalla.kernel.chat.models import Thread
from mahalla.kernel.events import outbox
from mahalla.kernel.flow import deadlines, engine, worker
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations as media
from mahalla.kernel.payments import payouts
from mahalla.kernel.places.models import Address
from mahalla.kernel.work.models import Job, Offer, Request
from mahalla.kit import clock
from mahalla.kit.actors import Actor
from mahalla.markets.khidma import wizard
from mahalla.web.pictures import demo_photo

RIYADH = ZoneInfo("Asia/Riyadh")
#: what falls due within this is done together: the stories need no seconds
STEP = timedelta(minutes=8)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Story = Generator[datetime, None, Any]


class Stage:
    """``now`` is when the curtain rises for the visitor, ``at`` the instant that the stories have reached."""

    def __init__(self, now: datetime) -> None:
        self.now = self.at = now
        self.people = {user.phone or user.name: user for user in User.objects.all()}
        self.by_name = {user.name: user for user in self.people.values()}

    # --- time ---------------------------------------------------------------------------------------------------

    def play(self, stories: Iterable[Story]) -> None:
        """Let all stories happen, then time run to ``now``; the clock is left as it was."""
        with clock.travel(self.now):
            waiting: list[tuple[datetime, int, Story]] = []
            for number, story in enumerate([*stories, self._mornings()]):
                self._resume(waiting, number, story)
            self.at = min((when for when, _n, _s in waiting), default=self.now)
            while waiting:
                when, number, story = heapq.heappop(waiting)
                self._advance(min(when, self.now))
                self._resume(waiting, number, story)
            self._advance(self.now)

    def _resume(self, waiting: list[tuple[datetime, int, Story]], number: int, story: Story) -> None:
        when = next(story, None)
        if when is not None:
            heapq.heappush(waiting, (when, number, story))

    def _advance(self, to: datetime) -> None:
        """Do what falls due up to ``to``, each a little after its own time."""
        while True:
            due = [when for when in (deadlines.next_due(), outbox.next_due()) if when is not None]
            at = min(max(min(due, default=to), self.at) + STEP, to)
            clock.set_clock(at)
            if not due or min(due) > to:
                break
            worker.run_due(at)
            self.at = at
            if at == to:
                break
        self.at = to
        clock.set_clock(to)

    def _mornings(self) -> Story:
        """The payout run of each day at six."""
        morning = self.local(-7, 6)
        while morning < self.now:
            yield morning
            payouts.run_payouts(self.at)
            morning += DAY

    def local(self, days: int, hour: int, minute: int = 0) -> datetime:
        """That wall time in Riyadh, ``days`` from today."""
        day = self.now.astimezone(RIYADH) + timedelta(days=days)
        return day.replace(hour=hour, minute=minute, second=0, microsecond=0)

    def daytime(self, before: datetime) -> datetime:
        """The last half hour before then at which people have somebody come: between nine and five."""
        local = before.astimezone(RIYADH).replace(second=0, microsecond=0)
        local -= timedelta(minutes=local.minute % 30)
        if local.hour < 9:
            local -= DAY
        return local.replace(hour=17, minute=0) if not 9 <= local.hour <= 17 else local

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    # --- who ----------------------------------------------------------------------------------------------------

    def who(self, key: str) -> User:
        """By phone or by name."""
        return self.people.get(key) or self.by_name[key]

    def staff(self, key: str, role: str, reason: str = "") -> Actor:
        return Actor(self.who(key).pk, role, reason=reason)

    # --- what they do -------------------------------------------------------------------------------------------

    def draft(self, client: str, category: str, text: str, **fields: Any) -> Request:
        """The wizard's steps: the client's own address and card, and whatever ``fields`` say of the rest."""
        user = self.who(client)
        given = {"category": category, "text": text, **fields}
        if not given.get("remote"):
            given.setdefault("address_id", Address.objects.get(user=user, is_default=True).pk)
        given.pop("remote", None)
        given.setdefault("method_id", user.payment_methods.get(is_default=True).pk)
        return wizard.start(user, now=self.at, **given)

    def post(self, client: str, category: str, text: str, **fields: Any) -> Request:
        request = self.draft(client, category, text, **fields)
        wizard.preview(request, now=self.at)
        return wizard.post(request, actor=Actor(request.client_id, "client"), now=self.at)

    def choose(self, request: Request, worker_: str) -> Offer:
        actor = Actor(request.client_id, "client")
        worker_id = self.who(worker_).pk
        engine.apply(request, "select", actor=actor, now=self.at, data={"worker_id": worker_id})
        return Offer.objects.filter(request=request, worker_id=worker_id).latest("pk")

    def accept(self, offer: Offer, start: datetime | None = None) -> Job:
        data = {"start_at": start} if start else {}
        engine.apply(offer, "accept", actor=Actor(offer.worker_id, "tasker"), now=self.at, data=data)
        return Job.objects.get(offer=offer)

    def decline(self, offer: Offer, reason: str) -> None:
        actor = Actor(offer.worker_id, "tasker")
        engine.apply(offer, "decline", actor=actor, now=self.at, data={"reason": reason})

    def photo(self, job: Job, kind: str) -> None:
        """A picture of the work, taken by the Tasker."""
        data = BytesIO(demo_photo(f"job {job.pk}", kind, size=(640, 480)))
        asset = media.store(data, owner=job.worker, purpose="evidence", now=self.at)
        self.do(job, "add_photo", asset=asset, kind=kind)

    def do(self, job: Job, event: str, **data: Any) -> Job:
        """A step of the Tasker's."""
        return engine.apply(job, event, actor=Actor(job.worker_id, "tasker"), now=self.at, data=data)

    def ask(self, job: Job, event: str, **data: Any) -> Job:
        """A step of the client's."""
        return engine.apply(job, event, actor=Actor(job.client_id, "client"), now=self.at, data=data)

    def say(self, job: Job, author: User, text: str) -> None:
        thread = Thread.objects.get(subject=job.request.stream, kind="task")
        chat.send(thread, author=author, text=text, now=self.at)

    # --- whole acts ---------------------------------------------------------------------------------------------

    def book(
        self,
        client: str,
        worker_: str,
        category: str,
        text: str,
        *,
        posted: datetime,
        start: datetime,
        **fields: Any,
    ) -> Generator[datetime, None, Job]:
        """Posted without a fixed time, offered, accepted for ``start`` and paid for."""
        yield posted
        request = self.post(client, category, text, **{"flexible": True, **fields})
        yield posted + 4 * MINUTE
        offer = self.choose(request, worker_)
        yield posted + 11 * MINUTE
        if offer.state == "pending":
            job = self.accept(offer, start)
        else:
            job = Job.objects.get(offer=offer)
        yield posted + 16 * MINUTE
        return job

    def go(self, job: Job, start: datetime) -> Story:
        """The way there: positions of a straight drive, the arrival at the door, the timer."""
        yield start - 24 * MINUTE
        self.do(job, "set_off", **self.near(job, 0.06))
        yield start - 2 * MINUTE
        self.do(job, "arrive", **self.near(job, 0.0003))
        yield start
        self.do(job, "start_timer", **self.near(job, 0.0002))

    def work(self, job: Job, start: datetime, minutes: int, **bill: Any) -> Story:
        yield from self.go(job, start)
        yield start + timedelta(minutes=minutes)
        self.do(job, "submit", **bill)

    @staticmethod
    def near(job: Job, degrees: float) -> dict[str, Any]:
        """A position that far north-east of the address; nothing for remote work."""
        if job.request.lat is None or job.request.lng is None:
            return {}
        return {
            "lat": job.request.lat + degrees,
            "lng": job.request.lng + degrees / 2,
            "accuracy_m": 8.0,
        }
