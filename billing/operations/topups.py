"""Top-ups: ask for one, credit it when its payment is paid, close it when it is not."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from accounts.models import Customer
from billing.models.topups import TopUp, TopUpStateChange
from billing.operations import checkouts, quarantine
from billing.stripe.checkout import Checkout, Payment
from billing.stripe.errors import StripeRefusedError
from config.kit import ids
from config.kit.errors import ConflictError, InvalidInputError, KeyReusedError
from marketplace.models import CreditPackage
from wallets import chart, grants, ledger, money
from wallets import operations as wallet_operations
from wallets.ledger import Leg, Source
from wallets.models import CreditGrant

AMOUNT_CENTS_MIN: Final = 100
AMOUNT_CENTS_MAX: Final = 1_000_000
BONUS_DAYS: Final = 365
WHOLE_BP: Final = 10_000
ACTOR: Final = "job:billing.fulfil_checkout"


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer asks for, and where its browser goes afterwards."""

    amount_cents: int
    package: str = ""
    bonus_bp: int = 0
    success_url: str = ""
    cancel_url: str = ""

    def fingerprint(self) -> bytes:
        """Digest what was asked, so that a key is not used for something else."""
        asked = f"{self.amount_cents}|{self.package}|{self.success_url}|{self.cancel_url}"
        return hashlib.sha256(asked.encode()).digest()


@dataclass(frozen=True, slots=True)
class Requested:
    """A top-up with its checkout, and whether this key had asked before."""

    top_up: TopUp
    replayed: bool


class LapsedError(ConflictError):
    """The key belongs to a top-up whose checkout never opened and cannot open any more."""

    code = "top_up_lapsed"
    title = "This top-up has lapsed; use a new Idempotency-Key"


def order_of_amount(*, amount_cents: int, success_url: str = "", cancel_url: str = "") -> Order:
    """Order a free amount, at par; raise InvalidInputError outside $1.00 to $10,000.00."""
    if not AMOUNT_CENTS_MIN <= amount_cents <= AMOUNT_CENTS_MAX:
        raise InvalidInputError(
            "amount_usd is from 1.00 to 10000.00",
            errors=[{"pointer": "/amount_usd", "detail": "must be from 1.00 to 10000.00"}],
        )
    return Order(amount_cents=amount_cents, success_url=success_url, cancel_url=cancel_url)


def order_of_package(*, slug: str, success_url: str = "", cancel_url: str = "") -> Order:
    """Order a package with its bonus; raise InvalidInputError when there is none of that name."""
    package = CreditPackage.objects.filter(slug=slug, active=True).first()
    if package is None:
        raise InvalidInputError(
            "There is no such package", errors=[{"pointer": "/package", "detail": "is not a package on sale"}]
        )
    return Order(package.price_cents, package.slug, package.bonus_bp, success_url, cancel_url)


def request(*, customer: Customer, principal: str, key: str, order: Order, now: dt.datetime) -> Requested:
    """Write a top-up down and open its checkout; the same key gives the same one.

    Raises KeyReusedError (another order under the key), LapsedError, and what checkouts.open_for raises.
    """
    top_up, created = _write(customer=customer, principal=principal, key=key, order=order, now=now)
    if bytes(top_up.fingerprint) != order.fingerprint():
        raise KeyReusedError("This Idempotency-Key came with another body before.")
    if not top_up.stripe_session_id:
        _open(top_up, now)
    return Requested(top_up, replayed=not created)


def settle(*, top_up: TopUp, checkout: Checkout, now: dt.datetime) -> None:
    """Bring a top-up in line with what Stripe says of its checkout: paid, expired, failed, or waiting."""
    payment = checkout.payment
    if payment is not None and checkout.is_paid:
        credit(top_up_id=top_up.pk, checkout=checkout, payment=payment, now=now)
    elif checkout.status == "expired":
        _close(top_up_id=top_up.pk, status=TopUp.Status.EXPIRED, failure="The checkout expired.", now=now)
    elif (
        payment is not None and checkout.status == "complete" and payment.status == "requires_payment_method"
    ):
        _close(top_up_id=top_up.pk, status=TopUp.Status.FAILED, failure=_failure(payment), now=now)
    elif payment is not None and payment.failure:
        # Declined, but the checkout is open: the customer may still pay with another card.
        TopUp.objects.filter(pk=top_up.pk, status=TopUp.Status.PENDING).update(failure=_failure(payment))


def credit(*, top_up_id: int, checkout: Checkout, payment: Payment, now: dt.datetime) -> None:
    """Credit a paid top-up, exactly once per PaymentIntent; what does not match goes to suspense."""
    with transaction.atomic():
        # Five webhooks and a sweeper at once: the row's lock lets one credit, the others find it done.
        top_up = TopUp.objects.select_for_update().get(pk=top_up_id)
        if top_up.payment_intent_id == payment.intent_id:
            return
        problem = _mismatch(top_up, checkout, payment)
        if problem:
            quarantine.payment(payment=payment, reference=top_up.public_id, reason=problem, now=now)
            return
        _post(top_up, payment, now)
        facts = {"payment_intent_id": payment.intent_id, "charge_id": payment.charge_id, "paid_at": now}
        _change(top_up, TopUp.Status.PAID, f"paid by {payment.intent_id}", now, failure="", **facts)


def lapse(*, top_up: TopUp, now: dt.datetime) -> None:
    """Expire a top-up that never came to a checkout: nobody can pay it."""
    _close(top_up_id=top_up.pk, status=TopUp.Status.EXPIRED, failure="The checkout never opened.", now=now)


def refunded(*, top_up_id: int, whole: bool, now: dt.datetime) -> None:
    """Let a paid top-up say whether all of its money was given back, in the caller's transaction."""
    top_up = TopUp.objects.select_for_update().get(pk=top_up_id)
    status = TopUp.Status.REFUNDED if whole else TopUp.Status.PAID
    if top_up.status != status:
        _change(top_up, status, "refunded" if whole else "a refund came back", now)


def _write(
    *, customer: Customer, principal: str, key: str, order: Order, now: dt.datetime
) -> tuple[TopUp, bool]:
    wallet = wallet_operations.open_wallet(owner_type="consumer", owner_id=customer.pk, now=now)
    public_id = ids.new(ids.TOP_UP)
    page = f"{settings.SITE_URL}/wallet/add/{public_id}/"
    paid = money.cents_to_credits(order.amount_cents)
    return TopUp.objects.get_or_create(
        principal=principal,
        idempotency_key=key,
        defaults={
            "public_id": public_id,
            "customer": customer,
            "wallet": wallet,
            "fingerprint": order.fingerprint(),
            "amount_cents": order.amount_cents,
            "package": order.package,
            "paid_credits": paid,
            "bonus_credits": paid * order.bonus_bp // WHOLE_BP,
            "success_url": order.success_url or page,
            "cancel_url": order.cancel_url or f"{page}?cancelled=1",
            "created_at": now,
        },
    )


def _open(top_up: TopUp, now: dt.datetime) -> None:
    if top_up.status == TopUp.Status.FAILED:
        raise StripeRefusedError(top_up.failure, stripe_code="")
    if top_up.status != TopUp.Status.PENDING:
        raise LapsedError
    try:
        checkouts.open_for(
            purchase=top_up,
            customer=top_up.customer,
            reference=top_up.public_id,
            title=f"{money.text(top_up.total_credits)} credits",
            now=now,
        )
    except StripeRefusedError as refusal:
        _close(top_up_id=top_up.pk, status=TopUp.Status.FAILED, failure=refusal.detail, now=now)
        raise


def _post(top_up: TopUp, payment: Payment, now: dt.datetime) -> None:
    source = Source("payment_intent", payment.intent_id)
    cash = money.cents_to_micros(payment.received_cents)
    legs = [
        Leg(chart.ISSUED["paid"], -top_up.paid_credits),
        Leg(top_up.wallet_id, top_up.total_credits),
        Leg(chart.STRIPE_CASH, -cash),
        Leg(chart.DEFERRED, cash),
    ]
    if top_up.bonus_credits:
        legs.append(Leg(chart.ISSUED["bonus"], -top_up.bonus_credits))
    ledger.post(
        kind="topup",
        source=source,
        actor=ACTOR,
        legs=legs,
        now=now,
        occurred_at=payment.paid_at,
        description=f"Top-up {top_up.public_id}",
    )
    _grant(top_up, cash, source, now)


def _grant(top_up: TopUp, cash: int, source: Source, now: dt.datetime) -> None:
    # The price is spread over all credits of the purchase (ledger.md rule 2): a bonus is not free money.
    paid_cash, bonus_cash = money.largest_remainder(cash, [top_up.paid_credits, top_up.bonus_credits])
    bonus_ends = now + dt.timedelta(days=getattr(settings, "BONUS_CREDIT_DAYS", BONUS_DAYS))
    parts = [
        (CreditGrant.FundingClass.PAID, top_up.paid_credits, paid_cash, None),
        (CreditGrant.FundingClass.BONUS, top_up.bonus_credits, bonus_cash, bonus_ends),
    ]
    for funding_class, amount, part_cash, expires_at in parts:
        if amount:
            grants.add(
                wallet_id=top_up.wallet_id,
                funding_class=funding_class,
                amount=amount,
                cash=part_cash,
                source=source,
                now=now,
                expires_at=expires_at,
            )


def _mismatch(top_up: TopUp, checkout: Checkout, payment: Payment) -> str:
    if top_up.payment_intent_id:
        return f"a second payment of {top_up.public_id}, which {top_up.payment_intent_id} paid"
    asked = (top_up.amount_cents, "usd")
    if (checkout.amount_cents, checkout.currency) != asked or (
        payment.received_cents,
        payment.currency,
    ) != asked:
        return f"{payment.received_cents} {payment.currency} came for {asked[0]} {asked[1]}"
    return ""


def _close(*, top_up_id: int, status: TopUp.Status, failure: str, now: dt.datetime) -> None:
    with transaction.atomic():
        top_up = TopUp.objects.select_for_update().get(pk=top_up_id)
        if top_up.status == TopUp.Status.PENDING:
            _change(top_up, status, failure, now, failure=failure)


def _change(top_up: TopUp, status: TopUp.Status, reason: str, now: dt.datetime, **facts: Any) -> None:
    TopUpStateChange.objects.create(
        top_up=top_up, from_status=top_up.status, to_status=status, reason=reason, changed_at=now
    )
    TopUp.objects.filter(pk=top_up.pk).update(status=status, **facts)


def _failure(payment: Payment) -> str:
    return (payment.failure or "The payment failed.")[:300]
