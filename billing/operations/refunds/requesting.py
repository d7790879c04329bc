"""Ask for a refund: its intent is written and its credits are held, before Stripe hears of it."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from accounts import audit
from accounts.models import User
from billing import taxes
from billing.models.refunds import Refund
from billing.models.topups import TopUp
from billing.queries import lineage, refunds
from billing.queries.lineage import Payment
from billing.queries.refunds import Recovery, Standing
from config.kit import ids, jobs, reasons
from config.kit.errors import ConflictError, InvalidInputError, KeyReusedError
from wallets import grants, holds, money
from wallets.ledger import Source
from wallets.models import Wallet

# Long enough that no sweeper lets go of the credits before somebody knows whether their money went.
HELD: Final = dt.timedelta(days=366)


class RefundOpenError(ConflictError):
    """Another refund of the same payment is under way."""

    code = "refund_in_flight"
    title = "A refund of this payment is under way"


class NotRefundableError(ConflictError):
    """More is asked for than there is to give back."""

    code = "not_refundable"
    title = "This cannot be refunded"


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for how much and why. `spent`: also what was used up (staff only). The key makes it happen once."""

    amount_cents: int
    principal: str
    key: str
    reason: str = ""
    by: User | None = None
    spent: bool = False


def preview(*, payment: Payment, amount_cents: int, now: dt.datetime) -> Recovery:
    """Say what giving back so many cents takes, and from whom."""
    return refunds.recovery(
        payment=payment, amount_cents=amount_cents, tax_cents=tax_of(payment, amount_cents), now=now
    )


def tax_of(payment: Payment, amount_cents: int) -> int:
    """Give the tax inside of what is given back, as a credit note does."""
    return taxes.inside(
        gross_cents=amount_cents, total_cents=payment.amount_cents, tax_cents=payment.tax_cents
    )


def request(*, payment: Payment, ask: Ask, now: dt.datetime) -> Refund:
    """Write a refund down and have it sent; the same key gives the same one.

    Raises KeyReusedError (another amount or payment under the key), RefundOpenError, NotRefundableError and
    InvalidInputError without a positive amount.
    """
    if ask.amount_cents <= 0:
        raise InvalidInputError("A refund is of at least one cent.")
    with transaction.atomic():
        # The wallet's lock: of two clicks the second finds the first; no run burns what is being counted.
        wallet = Wallet.objects.select_for_update(no_key=True).get(pk=payment.purchase.wallet_id)
        known = Refund.objects.filter(principal=ask.principal, idempotency_key=ask.key).first()
        if known is not None:
            if (known.payment_intent_id, known.amount_cents) != (payment.intent_id, ask.amount_cents):
                raise KeyReusedError("This key came with another refund before.")
            audit.repeated()
            return known
        grants.expire_due(wallet_id=wallet.pk, now=now)
        wallet.refresh_from_db()
        fresh = lineage.by_intent(intent_id=payment.intent_id)
        assert fresh is not None
        standing = refunds.standing(payment=fresh, now=now)
        _check(standing, ask)
        refund = _write(fresh, ask, now)
        _hold(refund, fresh, wallet, now)
        audit.acted(actor=ask.principal, act="refund", object_id=refund.public_id, reason=ask.reason, now=now)
    jobs.enqueue("billing.send_refund", refund_id=refund.pk)
    return refund


def request_unused(*, top_up: TopUp, amount_cents: int, principal: str, key: str, now: dt.datetime) -> Refund:
    """Give a customer back what it has not used of a top-up, within the policy; raise as `request` does."""
    payment = refunds.payment_of(top_up=top_up)
    if payment is None or payment.wallet_id is None:
        raise NotRefundableError("This top-up is not paid.")
    known = Refund.objects.filter(principal=principal, idempotency_key=key).exists()
    if not known and not refunds.within_policy(top_up=top_up, now=now):
        raise NotRefundableError(
            f"Unused credits can be refunded for {refunds.within_days()} days after the purchase."
        )
    ask = Ask(amount_cents=amount_cents, principal=principal, key=key, reason="Unused credits")
    return request(payment=payment, ask=ask, now=now)


def _check(standing: Standing, ask: Ask) -> None:
    if standing.open is not None:
        raise RefundOpenError
    if standing.disputed:
        raise NotRefundableError("A dispute about this payment is open: its bank decides.")
    most = standing.left_cents if ask.spent else standing.refundable_cents
    if ask.amount_cents > most:
        shown = money.usd_text(money.cents_to_micros(most) * money.MICRO)
        raise NotRefundableError(f"At most ${shown} can be given back.")


def _write(payment: Payment, ask: Ask, now: dt.datetime) -> Refund:
    return Refund.objects.create(
        public_id=ids.new(ids.REFUND),
        customer_id=payment.customer_id,
        payment_intent_id=payment.intent_id,
        reference=payment.reference,
        principal=ask.principal,
        idempotency_key=ask.key,
        requested_by=ask.by,
        reason=ask.reason[: reasons.LENGTH_MAX],
        amount_cents=ask.amount_cents,
        created_at=now,
    )


def _hold(refund: Refund, payment: Payment, wallet: Wallet, now: dt.datetime) -> None:
    """Keep what will leave from being spent meanwhile; what is not there will be owed."""
    leaves = preview(payment=payment, amount_cents=refund.amount_cents, now=now).credits
    amount = min(leaves, wallet.available)
    if amount > 0:
        placed = holds.place(
            wallet_ids=[wallet.pk],
            amount=amount,
            source=Source("refund", refund.public_id),
            expires_at=now + HELD,
            now=now,
        )
        Refund.objects.filter(pk=refund.pk).update(hold_id=placed.hold_id)
