"""Many tasks of one kind for races: one is made through the operations, its copies by the row."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta

from mahalla.kernel.events.operations import append
from mahalla.kernel.flow.models import DeadlineRow
from mahalla.kernel.identity.models import User
from mahalla.kernel.work.models import Offer, Request
from mahalla.kit.actors import SYSTEM
from tests.khidma import builders as b

#: apart enough for the work, the way and the next window
STEP = timedelta(hours=6)
WEEK_ROUND = [(day, 0, 1440) for day in range(7)]
FIRST = b.at(3, "06:00")


def requests(template: Request, count: int, *, alike: int = 1, first: datetime = FIRST) -> list[Request]:
    """Copies whose windows follow each other; ``alike`` of them share each window."""
    made = []
    for number in range(count * alike):
        one = copy(template)
        one.pk, one.id = None, None
        one._state = copy(template._state)
        one._state.adding = True
        one.window_start = first + (number // alike) * STEP
        one.window_end = one.window_start + timedelta(minutes=template.estimate_min + 10)
        made.append(one)
    Request.objects.bulk_create(made, batch_size=500)
    _tell("request", made)
    return made


def offers(template: Offer, of: list[Request], *, due: datetime) -> list[Offer]:
    """A pending offer for each request to the template's Tasker, with the time to answer that the flow gives."""
    made = []
    for request in of:
        one = copy(template)
        one.pk, one.id = None, None
        one._state = copy(template._state)
        one._state.fields_cache = {**template._state.fields_cache, "request": request}
        one._state.adding = True
        one.request = request
        made.append(one)
    Offer.objects.bulk_create(made, batch_size=500)
    DeadlineRow.objects.bulk_create(
        (DeadlineRow(noun="offer", subject_id=one.pk, name="offer_ttl", due_at=due) for one in made),
        batch_size=1000,
    )
    _tell("offer", made)
    return made


def _tell(noun: str, made: list[Request] | list[Offer]) -> None:
    """The one event that the copies have in place of a history."""
    for one in made:
        append(
            name="copied",
            noun=noun,
            subject_id=one.pk,
            stream=one.stream,
            actor=SYSTEM,
            now=b.EVENING,
            to_state=one.state,
        )


def offered(worker: User, client: User, count: int, *, alike: int = 1, due: datetime) -> list[Offer]:
    """``count`` times ``alike`` pending offers of one Tasker; those of one group want the same time."""
    template = b.offered(client, worker)
    return offers(template, requests(template.request, count, alike=alike), due=due)
