"""The steps of the wizard: what each asks for, how it is checked, what it writes on the task (KH-REQ-01, -03, -05, -07).

A step changes the request in memory or raises ``Invalid`` with a sentence per field; saving is the wizard's. Later
steps are looked at again when an earlier one changes what they stood on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from mahalla.kernel import policy
from mahalla.kernel.catalog import queries as catalog
from mahalla.kernel.catalog.models import Category
from mahalla.kernel.catalog.operations import HasInputs, validate_inputs
from mahalla.kernel.chat import detect
from mahalla.kernel.flow import engine
from mahalla.kernel.flow.context import Ctx
from mahalla.kernel.payments.queries import methods_for
from mahalla.kernel.places import operations as places
from mahalla.kernel.places import queries as places_queries
from mahalla.kernel.places.models import Address, City, District
from mahalla.kernel.work.models import Request
from mahalla.kit import spans
from mahalla.kit.actors import SYSTEM
from mahalla.kit.errors import Invalid, NotFound
from mahalla.kit.market import active
from mahalla.markets.khidma import guards, pricing

TEXT_MAX = 4000
#: inputs that an address knows, so that nobody types them twice (KH-REQ-07)
FROM_ADDRESS = ("floor", "elevator", "parking")
TRUE, FALSE = {"true", "on", "yes", "1"}, {"", "false", "off", "no", "0", "none"}

Fill = Callable[[Request, Mapping[str, Any], datetime], None]


def mark(request: Request, **marks: Any) -> None:
    """Set keys of ``request.data``; None takes a key out."""
    data = {**request.data, **marks}
    request.data = {key: value for key, value in data.items() if value is not None}


def truth(value: Any, field: str) -> bool:
    text = str(value).lower() if value is not None else ""
    if text not in TRUE | FALSE:
        raise Invalid({field: _("Answer yes or no.")})
    return text in TRUE


def is_remote(request: Request) -> bool:
    return request.category is not None and request.category.work_place == "remote"


# --- category -------------------------------------------------------------------------------------------------------


def bookable(code: str) -> Category:
    """The task type of this code, if a client can book it now: enabled, and not merely a group of others (KH-CAT-05)."""
    try:
        found = catalog.open_category(code)
    except NotFound:
        raise Invalid({"category": _("This is not offered at present. Choose something else.")}) from None
    if not found.pricing_models or found.children.exists():
        raise Invalid({"category": _("Choose one of the kinds of work in this group.")})
    return found


def fill_category(request: Request, data: Mapping[str, Any], now: datetime) -> None:
    """``category`` (code) and ``pricing_model`` where the category allows several (KH-CAT-06)."""
    code = str(data.get("category") or (request.category.code if request.category else ""))
    if not code:
        raise Invalid({"category": _("Choose what you need.")})
    category = bookable(code)
    model = str(data.get("pricing_model") or request.pricing_model)
    if model not in category.pricing_models:
        if data.get("pricing_model"):
            raise Invalid({"pricing_model": _("This work is not priced like that. Choose another way.")})
        model = category.pricing_models[0]
    known = {spec["name"] for spec in category.inputs}
    request.category, request.category_version = category, category.version
    request.pricing_model = model
    request.details = {name: value for name, value in request.details.items() if name in known}
    if category.work_place == "remote":
        _take_off_the_map(request)


# --- details --------------------------------------------------------------------------------------------------------


def terms_of(request: Request) -> HasInputs:
    """A draft follows the catalogue; a posted task keeps the version that it was posted with (KH-CAT-05)."""
    assert request.category is not None
    if request.posted_at is None:
        return request.category
    return catalog.terms_at(request.category_id, request.category_version)  # type: ignore[arg-type]


def fill_details(request: Request, data: Mapping[str, Any], now: datetime) -> None:
    """``text`` and ``details``, each input checked; what the address knows is filled in where nothing is given."""
    if request.category is None:
        raise Invalid({"category": _("Choose what you need.")})
    text = str(data.get("text", request.text) or "").strip()
    if len(text) > TEXT_MAX:
        raise Invalid({"text": _("Use at most %(count)d characters.") % {"count": TEXT_MAX}})
    if any(
        found.hide for found in detect.find(text)
    ):  # everyone who is offered the task reads it (KH-SEC-03)
        raise Invalid(
            {
                "text": _(
                    "Leave out phone numbers, e-mail addresses and links: you can write to each other in the chat."
                )
            }
        )
    given = data.get("details", request.details)
    if not isinstance(given, Mapping):
        raise Invalid({"details": _("Give the details by name.")})
    known = _of_address(request, _place_of(request))
    filled = {**known, **{name: value for name, value in given.items() if value not in (None, "")}}
    request.details = validate_inputs(terms_of(request), filled)
    request.text = text
    typed = [n for n in FROM_ADDRESS if n in given and request.details.get(n) != known.get(n)]
    mark(request, typed=typed or None)


def _place_of(request: Request) -> Mapping[str, Any]:
    """The task's own address, else the default one that the next step will offer."""
    if request.place or is_remote(request):
        return dict(request.place)
    default = places_queries.default_address(request.client)
    return places.snapshot(default) if default else {}


def _of_address(request: Request, place: Mapping[str, Any]) -> dict[str, Any]:
    asked = {spec["name"] for spec in terms_of(request).inputs}
    return {name: place[name] for name in FROM_ADDRESS if name in asked and place.get(name) is not None}


# --- photos ---------------------------------------------------------------------------------------------------------


def fill_photos(request: Request, data: Mapping[str, Any], now: datetime) -> None:
    """Photos come one by one through ``photos.attach``; the step itself only says that the client is done with them."""


# --- address --------------------------------------------------------------------------------------------------------


def fill_address(request: Request, data: Mapping[str, Any], now: datetime) -> None:
    """``address_id`` of a saved address, or ``address`` with the fields of a new one, which is saved (KH-PROFILE-01)."""
    if is_remote(request):
        _take_off_the_map(request)
        return
    if data.get("address_id"):
        put(request, _own_address(request, data["address_id"]))
    elif isinstance(data.get("address"), Mapping):
        put(request, places.add(request.client, now=now, **data["address"]))
    else:
        raise Invalid({"address": _("Choose one of your addresses, or add a new one.")})


def _own_address(request: Request, pk: Any) -> Address:
    try:
        return places_queries.address_for(request.client, int(pk))
    except (NotFound, TypeError, ValueError):
        raise Invalid({"address_id": _("Choose one of your own addresses.")}) from None


def put(request: Request, address: Address) -> None:
    """Put the task at an address: a snapshot, so that later edits leave it alone (KH-PROFILE-02)."""
    city = address.district.city if address.district else places_queries.city_of(address.lat, address.lng)
    if city is None:
        raise Invalid({"address": _("We do not work in that place yet. Choose another address.")})
    _put(request, places.snapshot(address), city, address.district)


def put_back(request: Request, place: Mapping[str, Any]) -> None:
    """Put the task where another was, by its snapshot: the saved address may be gone by now."""
    city = City.objects.filter(code=place.get("city", "")).first()
    city = city or places_queries.city_of(place["lat"], place["lng"])
    if city is None:
        raise Invalid({"address": _("Choose one of your addresses, or add a new one.")})
    district = District.objects.filter(city=city, code=place.get("district", "")).first()
    _put(request, dict(place), city, district)


def _put(request: Request, place: dict[str, Any], city: City, district: District | None) -> None:
    request.place, request.lat, request.lng = place, place["lat"], place["lng"]
    request.city, request.district = city, district
    if request.category is not None:
        typed = request.data.get("typed", ())
        known = {n: v for n, v in _of_address(request, place).items() if n not in typed}
        request.details = {**request.details, **known}
    if request.data.get("window"):
        _set_window(request, request.data["window"])


def _take_off_the_map(request: Request) -> None:
    request.place, request.lat, request.lng = {}, None, None
    request.city, request.district = None, None


# --- window ---------------------------------------------------------------------------------------------------------


def fill_window(request: Request, data: Mapping[str, Any], now: datetime) -> None:
    """``date`` with ``from`` and ``to`` on the clocks of the task's city, or ``flexible`` (KH-REQ-05)."""
    if truth(data.get("flexible"), "flexible"):
        mark(request, flexible=True, window=None)
        set_flexible(request, now)
        return
    faults: dict[str, Any] = {}
    day = _read(date, data.get("date"), "date", _("Choose the day."), faults)
    start = _read(time, data.get("from"), "from", _("Choose from when."), faults)
    end = _read(time, data.get("to"), "to", _("Choose until when."), faults)
    if start is not None and end is not None and end <= start:
        faults["to"] = _("Choose an end after the start.")
    if faults:
        raise Invalid(faults)
    assert day is not None and start is not None and end is not None
    local = {"date": day.isoformat(), "from": f"{start:%H:%M}", "to": f"{end:%H:%M}"}
    mark(request, flexible=None, window=local)
    _set_window(request, local)
    estimate(request, now)
    check_window(request, now)


def _read(kind: Any, value: Any, field: str, sentence: Any, faults: dict[str, Any]) -> Any:
    if isinstance(value, kind):
        return value
    try:
        return kind.fromisoformat(str(value))
    except ValueError:
        faults[field] = sentence
        return None


def zone_of(request: Request) -> str:
    return request.city.timezone if request.city else active().timezone


def _set_window(request: Request, local: Mapping[str, str]) -> None:
    where, day = spans.zone(zone_of(request)), date.fromisoformat(local["date"])
    start, end = (time.fromisoformat(local[name]) for name in ("from", "to"))
    request.window_start = spans.instant(day, start.hour * 60 + start.minute, where)
    request.window_end = spans.instant(day, end.hour * 60 + end.minute, where)


def set_flexible(request: Request, now: datetime) -> None:
    """From the earliest start that still leaves the lead, to the latest end of who accepts in the last minute (S7)."""
    lead = timedelta(minutes=policy.get("min_lead_min", now=now))
    last_answer = now + timedelta(hours=policy.get("task_expiry_flexible_hours", now=now))
    estimate(request, now)
    request.window_start = now + lead
    request.window_end = last_answer + lead + timedelta(minutes=request.estimate_min)


def check_window(request: Request, now: datetime) -> None:
    """The rule of posting, asked early: room for the estimate, and the lead before it."""
    guards.window_ahead(Ctx(request, engine.flow_of(request), None, "save", SYSTEM, now))


# --- choice and payment ---------------------------------------------------------------------------------------------


def fill_choice(request: Request, data: Mapping[str, Any], now: datetime) -> None:
    """``choose_for_me`` at once, ``no_auto_match`` ever, or ``first_worker_id``: a Tasker known already (KH-REQ-14)."""
    from mahalla.markets.khidma import saved

    at_once = truth(data.get("choose_for_me"), "choose_for_me")
    never = truth(data.get("no_auto_match"), "no_auto_match")
    if at_once and never:
        raise Invalid({"choose_for_me": _("Either we choose for you, or you choose yourself.")})
    first = data.get("first_worker_id") or None
    if first is not None and not (str(first).isdigit() and saved.knows(request.client_id, int(first))):
        raise Invalid({"first_worker_id": _("Choose a Tasker who worked for you or is your favourite.")})
    mark(
        request,
        choose_for_me=at_once or None,
        no_auto_match=never or None,
        first_worker_id=int(first) if first is not None else None,
    )


def pays_with(request: Request, kind: str) -> bool:
    """Whether such a method may pay for this task; ``data["method_kinds"]`` limits a partner's task (KH-PAY-01)."""
    return kind in request.data.get("method_kinds", (kind,))


def fill_payment(request: Request, data: Mapping[str, Any], now: datetime) -> None:
    """``method_id``: one of the client's own methods, of the kinds that the task allows (KH-PAY-01)."""
    wanted = str(data.get("method_id") or "")
    method = next((m for m in methods_for(request.client_id) if str(m.pk) == wanted), None)
    if method is None:
        raise Invalid({"method_id": _("Choose how you will pay.")})
    if not pays_with(request, method.kind):
        raise Invalid({"method_id": _("This task cannot be paid like that. Choose another way.")})
    request.method_id, request.method_kind = method.pk, method.kind


# --- the table ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    fields: tuple[str, ...]
    fill: Fill


STEPS: tuple[Step, ...] = (
    Step("category", ("category", "pricing_model"), fill_category),
    Step("details", ("text", "details"), fill_details),
    Step("photos", (), fill_photos),
    Step("address", ("address_id", "address"), fill_address),
    Step("window", ("date", "from", "to", "flexible"), fill_window),
    Step("choice", ("choose_for_me", "no_auto_match", "first_worker_id"), fill_choice),
    Step("payment", ("method_id",), fill_payment),
)
BY_NAME = {step.name: step for step in STEPS}


def group(fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Flat fields by the step that they belong to, in the order of the steps. ``Invalid`` for any that nobody knows."""
    unknown = set(fields) - {name for step in STEPS for name in step.fields}
    if unknown:
        raise Invalid({name: _("This field is not known.") for name in sorted(unknown)})
    found = {step.name: {n: fields[n] for n in step.fields if n in fields} for step in STEPS}
    return {name: data for name, data in found.items() if data}


def fill(request: Request, name: str, data: Mapping[str, Any], *, now: datetime) -> None:
    """Do one step on the request in memory and note it as done; steps that do not hold any more are open again."""
    step = BY_NAME.get(name)
    if step is None:
        raise NotFound("step_not_found")
    step.fill(request, data, now)
    done = {*request.data.get("done", ()), name}
    estimate(request, now)
    done -= {other for other in done - {name} if not _still_holds(request, other, now)}
    mark(request, done=[s.name for s in STEPS if s.name in done])


def _still_holds(request: Request, name: str, now: datetime) -> bool:
    if name == "details" and request.category is not None:
        return _holds(lambda: validate_inputs(terms_of(request), request.details))
    if name == "address":
        return is_remote(request) or bool(request.place)
    if name == "window":
        if request.data.get("flexible"):
            set_flexible(request, now)
        return _holds(lambda: check_window(request, now))
    return True


def _holds(check: Callable[[], Any]) -> bool:
    try:
        check()
    except Invalid:
        return False
    return True


def estimate(request: Request, now: datetime) -> None:
    if request.category is not None:
        request.estimate_min = pricing.estimate_min(
            request.category, request.city_id, request.details, now=now
        )
