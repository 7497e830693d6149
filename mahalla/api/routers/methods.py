"""The own ways to pay. Card numbers never come here: the provider's form makes tokens (KH-PAY-01, KH-SEC-07)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.cursors import At, Page, page
from mahalla.api.schemas import Body, Id, Line, Word
from mahalla.kernel.payments import operations, queries, sandbox_cards
from mahalla.kernel.payments.models import Hold, PaymentMethod
from mahalla.kit.errors import NotFound

router = Router(tags=["Paying"])


class Method(Schema):
    id: int
    kind: str
    label: str
    brand: str
    last4: str
    expiry: str
    is_default: bool


class NewMethod(Body):
    kind: Literal["card", "wallet", "cash"] = Field(examples=["card"])
    token: Line = Field("", description="From the provider's own form; none for cash")
    label: Word = ""
    brand: Word = ""
    last4: Word = ""
    expiry: Word = Field("", examples=["2030-12"])
    holder: Line = ""
    default: bool = False


class ChangeMethod(Body):
    label: Word | None = None
    expiry: Word | None = None
    holder: Line | None = None


class TestCard(Body):
    number: Word = Field(examples=["4242 4242 4242 4242"], description="A test card of the sandbox")
    expiry: Word = Field("2030-12", examples=["2030-12"])


class Token(Schema):
    token: str
    kind: str
    brand: str
    last4: str
    expiry: str


class Charge(Schema):
    id: int
    reference: str = Field(examples=["job:12"])
    kind: str = Field(description="hold, or charge (a tip)")
    state: str
    currency: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    action_url: str = Field(description="Where the payer must approve first, if anywhere")
    created_at: datetime


def shown(row: PaymentMethod) -> dict[str, Any]:
    fields = ("kind", "brand", "last4", "expiry", "is_default")
    return {"id": row.pk, "label": str(row), **{name: getattr(row, name) for name in fields}}


@router.get("/payment-methods", response=list[Method], summary="My payment methods")
def list_payment_methods(request: HttpRequest) -> object:
    """The default first. Tokens are never shown."""
    return [shown(row) for row in queries.methods_for(me(request).pk)]


@router.post("/payment-methods", response={201: Method}, summary="Add a payment method")
def add_payment_method(request: HttpRequest, body: NewMethod) -> object:
    """By the token of the provider's form; anything that looks like a card number is refused. The first becomes the
    default."""
    return shown(operations.add_method(me(request).pk, now=instant(request), **body.dict()))


@router.post("/payment-methods/test-tokens", response={201: Token}, summary="The sandbox's own form")
def make_test_token(request: HttpRequest, body: TestCard) -> object:
    """Stands for the provider's form where the sandbox is the provider; nowhere else is it there. Test cards only."""
    if settings.MAHALLA_PAYMENT_PROVIDER != "sandbox":
        raise NotFound()
    return sandbox_cards.tokenise(body.number, expiry=body.expiry)


@router.patch("/payment-methods/{method_id}", response=Method, summary="Change a payment method")
def change_payment_method(request: HttpRequest, method_id: Id, body: ChangeMethod) -> object:
    """Label, expiry and holder."""
    changes = body.dict(exclude_unset=True)
    return shown(operations.edit_method(me(request).pk, method_id, now=instant(request), **changes))


@router.put("/payment-methods/{method_id}/default", response=Method, summary="Make it the default")
def set_default_payment_method(request: HttpRequest, method_id: Id) -> object:
    """Preselected from now on."""
    return shown(operations.set_default(me(request).pk, method_id))


@router.delete("/payment-methods/{method_id}", response={204: None}, summary="Remove a payment method")
def remove_payment_method(request: HttpRequest, method_id: Id) -> None:
    """Its token is forgotten. Refused with `method_in_use` while work counts on it."""
    operations.remove_method(me(request).pk, method_id, now=instant(request))


@router.get("/payments", response=Page[Charge], summary="What I paid")
def list_payments(request: HttpRequest, at: At) -> object:
    """Holds and charges with what came back of them, newest first."""
    return page(
        queries.history_for(me(request).pk), at, name="payments", show=_charge, order=("-created_at", "-pk")
    )


def _charge(row: Hold) -> dict[str, Any]:
    fields = ("reference", "kind", "state", "currency", "amount_minor", "captured_minor", "refunded_minor")
    return {
        "id": row.pk,
        "action_url": row.action_url if row.state == Hold.State.ACTION_REQUIRED else "",
        "created_at": row.created_at,
        **{name: getattr(row, name) for name in fields},
    }
