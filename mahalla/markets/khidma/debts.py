"""What a client owes: the fee of a cancelled cash task, or money that no card gave (KH-PAY-19).

Debts stand in ``client_debt/user:N`` and keep a client from posting until ``settle`` has charged them. A cancellation
fee is the Tasker's at once, at the platform's risk; the price of work that could not be collected waits in
``unpaid/job:N`` and is passed on when the client has paid.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from mahalla.kernel.cases.models import Case
from mahalla.kernel.events import outbox
from mahalla.kernel.events.operations import append
from mahalla.kernel.flow import engine
from mahalla.kernel.identity.models import User
from mahalla.kernel.ledger import queries as ledger
from mahalla.kernel.ledger.models import Account, Transfer
from mahalla.kernel.ledger.operations import Leg, post
from mahalla.kernel.notices.operations import notify
from mahalla.kernel.payments import accounts, holds
from mahalla.kernel.payments.models import Hold, Refund
from mahalla.kernel.trust import audit
from mahalla.kernel.work.models import Job
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Denied, Invalid, Refused
from mahalla.markets.khidma import billing, money
from mahalla.markets.khidma.billing import PLATFORM, TAX, WORKER

#: a charge that the provider has not answered yet
UNANSWERED = (Hold.State.REQUESTED, Hold.State.ACTION_REQUIRED)


def debt_path(user_id: int) -> str:
    return f"client_debt/user:{user_id}"


def unpaid_path(job: Job) -> str:
    return f"unpaid/{job.reference}"


def debt_minor(user_id: int) -> int:
    """What a client owes the platform, in minor units."""
    return max(0, -_credit(debt_path(user_id)))


def is_owed(job: Job) -> bool:
    """Whether the job's charge is not on a card: cash in hand, or a debt."""
    return money.is_cash(job) or "on_debt_minor" in job.data


def charge_without_hold(job: Job, amount_minor: int, *, now: datetime) -> None:
    """A cancellation fee that no hold secures: the client owes it, the Tasker is owed it."""
    debt = accounts.ensure(debt_path(job.client_id), job.terms["currency"])
    leg = Leg(debt, money.payable(job), amount_minor, "cancellation_fee", f"{job.reference}:fee")
    post(leg, now=now, reference=job.reference)
    money.plan_payout(job, amount_minor, step="fee", now=now)
    _remember(job, on_debt_minor=amount_minor)


def owe(job: Job, amount_minor: int, *, now: datetime) -> None:
    """The price of work that could not be collected. The client is asked, operations are told, nobody is paid yet."""
    if "on_debt_minor" in job.data:
        return
    currency = job.terms["currency"]
    debt = accounts.ensure(debt_path(job.client_id), currency)
    unpaid = accounts.ensure(unpaid_path(job), currency)
    post(
        Leg(debt, unpaid, amount_minor, "uncollected", f"{job.reference}:owed"),
        now=now,
        reference=job.reference,
    )
    _remember(job, on_debt_minor=amount_minor)
    case = money.dispute_of(job)
    if case is not None and job.state != "disputed":
        from mahalla.markets.khidma import disputes

        disputes.decide(job, case, now=now)
    alert(job, "uncollected", amount_minor, now=now)
    notify(
        name="payment_owed",
        user_id=job.client_id,
        params={"worker": job.worker.name.split(" ")[0]},
        link="/payments/",
        now=now,
        key=f"owed:{job.pk}",
    )


def settle(user: User, *, method_id: int, now: datetime) -> Hold:
    """Charge what the client owes to one of their methods. Pressed twice it is charged once.

    Raises ``Refused`` (``nothing_owed``). Told later: the debt is gone, or the charge failed and can be tried again.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        charges = Hold.objects.filter(reference=f"client:{user.pk}", kind=Hold.Kind.CHARGE)
        waiting = charges.filter(state__in=UNANSWERED).first()
        if waiting is not None:
            return waiting
        owed = debt_minor(user.pk)
        if owed <= 0:
            raise Refused("nothing_owed", _("You owe nothing."))
        path = debt_path(user.pk)
        return holds.charge_now(
            f"client:{user.pk}",
            key=f"client:{user.pk}:debt:{charges.count() + 1}",
            payer_id=user.pk,
            method_id=method_id,
            amount_minor=owed,
            currency=ledger.balance(path).asset,
            destination=path,
            now=now,
        )


def paid(hold: Hold, now: datetime) -> None:
    """A client settled; what waited for it is passed on, each job in a transaction of its own."""
    noun, _sep, pk = hold.reference.partition(":")
    if noun == "client":
        outbox.enqueue(
            "khidma.pass_on_paid", key=f"khidma:pass_on:{hold.pk}", payload={"client": int(pk)}, now=now
        )


@outbox.handler("khidma.pass_on_paid")
def pass_on_paid(payload: dict[str, int], now: datetime) -> None:
    """Oldest first, as far as what the client still owes does not cover it."""
    jobs = Job.objects.filter(client_id=payload["client"], data__has_key="on_debt_minor").order_by("pk")
    waiting = {job.pk: _credit(unpaid_path(job)) for job in jobs}
    left = sum(waiting.values()) - debt_minor(payload["client"])
    for job in jobs:
        if 0 < waiting[job.pk] <= left:
            left -= waiting[job.pk]
            with transaction.atomic():
                _pass_on(engine.lock(job), now=now)


def _pass_on(job: Job, *, now: datetime) -> None:
    """The price, less what a decision took off it, to who earned it."""
    from mahalla.markets.khidma import disputes

    charged, case = billing.final_quote(job), money.dispute_of(job)
    off = disputes.refunded_parts(charged, case) if case is not None else {}
    due = {payee: charged.for_payee(payee) - off.get(payee, 0) for payee in charged.payees}
    money.release(job, due, step="all", now=now, source=unpaid_path(job))


def refund(job: Job, case: Case, *, now: datetime) -> None:
    """What was not taken from a card cannot go back to it (C6): first it lessens the client's debt, then the platform
    owes the client. The Tasker owes the own part to the platform, unless they were not paid yet."""
    from mahalla.markets.khidma import disputes

    currency = job.terms["currency"]
    parts = disputes.refunded_parts(billing.final_quote(job), case)
    debt = accounts.ensure(debt_path(job.client_id), currency)
    if _credit(unpaid_path(job)) > 0:
        leg = Leg(unpaid_path(job), debt, sum(parts.values()), "refund", f"{job.reference}:unowed:{case.pk}")
        post(*([leg] if sum(parts.values()) else []), now=now, reference=job.reference)
        return
    client = accounts.ensure(payable_path(job.client_id), currency)
    sources = {
        WORKER: accounts.ensure(accounts.cash_debt(job.worker_id), currency),
        PLATFORM: accounts.ensure(accounts.FEES, currency),
        TAX: accounts.ensure(money.TAXES, currency),
    }
    owed, legs = debt_minor(job.client_id), []
    for payee, amount in parts.items():
        lessened = min(amount, owed)
        owed -= lessened
        key = f"{job.reference}:cashback:{case.pk}:{payee}"
        if lessened:
            legs.append(Leg(sources[payee], debt, lessened, "cash_refund", f"{key}:debt"))
        if amount > lessened:
            legs.append(Leg(sources[payee], client, amount - lessened, "cash_refund", key))
    post(*legs, now=now, reference=job.reference)


# --- what the platform owes a client --------------------------------------------------------------------------------


def payable_path(user_id: int) -> str:
    return f"client_payable/user:{user_id}"


def refund_failed(job: Job, back: Refund, *, now: datetime) -> None:
    """A card that takes nothing back: the platform owes the client now, and operations pay it by hand (KH-PAY-12)."""
    client = accounts.ensure(payable_path(job.client_id), job.terms["currency"])
    leg = Leg(back.source, client, back.amount_minor, "refund_failed", f"refund:{back.pk}:owed")
    post(leg, now=now, reference=job.reference)
    alert(job, "refund_failed", back.amount_minor, now=now)
    notify(
        name="refund_failed",
        user_id=job.client_id,
        params={},
        link="/payments/",
        now=now,
        key=f"refund:{back.pk}:failed",
    )


def owed_to_clients() -> dict[int, int]:
    """Minor units that the platform owes, by client; what stands for the operators' hands."""
    paths = Account.objects.filter(path__startswith="client_payable/user:").values_list("path", flat=True)
    found = ledger.balances(list(paths))
    return {int(path.rpartition(":")[2]): b.credit_minor for path, b in found.items() if b.credit_minor > 0}


def record_payment(
    user_id: int, *, amount_minor: int, key: str, proof: str, actor: Actor, now: datetime
) -> None:
    """Write down what was paid to a client by hand, with the transfer's proof. The same ``key`` is the same payment.

    Raises ``Invalid`` without a proof or above what is owed, ``Denied`` for who is the client, or not administration.
    """
    if actor.role != "admin" or actor.user_id == user_id:
        raise Denied("admin_only", _("Only administration pays, and nobody pays themselves."))
    with transaction.atomic():
        list(Account.objects.select_for_update(no_key=True).filter(path=payable_path(user_id)))
        name = f"client_payable:{user_id}:{key}"
        if Transfer.objects.filter(key=name).exists():
            return
        if not proof.strip():
            raise Invalid({"proof": _("Give the number of the transfer.")})
        if not 0 < amount_minor <= _credit(payable_path(user_id)):
            raise Invalid({"amount": _("At most what is owed can be paid.")})
        currency = ledger.balance(payable_path(user_id)).asset
        clearing = accounts.ensure(accounts.clearing("manual"), currency)
        leg = Leg(payable_path(user_id), clearing, amount_minor, "paid_by_hand", name)
        post(leg, now=now, reference=f"client:{user_id}")
        audit.acted(
            actor, "client_paid", "user", user_id, now, amount_minor=amount_minor, proof=proof.strip()
        )


def alert(job: Job, code: str, amount_minor: int, *, now: datetime) -> None:
    """Something about money that a person must look at."""
    append(
        name="payments.alert",
        noun="job",
        subject_id=job.pk,
        stream=job.stream,
        actor=SYSTEM,
        now=now,
        payload={"code": code, "reference": job.reference, "amount_minor": amount_minor},
        topics=["ops"],
    )


def _credit(path: str) -> int:
    found = ledger.balances([path]).get(path)
    return found.credit_minor if found else 0


def _remember(job: Job, **marks: object) -> None:
    job.data = {**job.data, **marks}
    job.save(update_fields=["data"])
