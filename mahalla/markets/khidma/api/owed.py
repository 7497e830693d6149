"""What a client owes, and paying it (KH-PAY-19)."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mahalla.api.callers import instant, me
from mahalla.api.schemas import Body, Id
from mahalla.kit.market import active
from mahalla.markets.khidma import debts

router = Router(tags=["Payment methods"])


class Debt(Schema):
    owed_minor: int = Field(description="Nothing can be posted while it is above nothing", examples=[6500])
    currency: str


class SettleDebt(Body):
    method_id: Id = Field(description="An own card or wallet")


class DebtPayment(Schema):
    id: int
    state: str
    amount_minor: int
    currency: str
    action_url: str = Field(description="Where the cardholder approves, when the bank asks for it")


@router.get("/debt", response=Debt, summary="What I owe")
def get_debt(request: HttpRequest) -> object:
    """Fees of cancelled cash tasks, and payments that did not go through."""
    return {"owed_minor": debts.debt_minor(me(request).pk), "currency": active().currency}


@router.post("/debt/payments", response={201: DebtPayment}, summary="Pay what I owe")
def pay_debt(request: HttpRequest, body: SettleDebt) -> object:
    """All of it at once. While a charge is on its way, this is that charge."""
    return debts.settle(me(request), method_id=body.method_id, now=instant(request))
