"""What of a payment can be given back, what was, and who bears what."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from billing.models.disputes import Dispute
from billing.models.refunds import Refund
from billing.models.topups import TopUp
from billing.queries import lineage
from billing.queries.lineage import Payment
from wallets import claws, money
from wallets.models import Wallet


@dataclass(frozen=True, slots=True)
class Recovery:
    """What giving back so many cents takes, and who bears it; the same parts are booked."""

    amount_cents: int
    credits: int
    from_purchase: int
    from_others: int
    below_zero: int
    cash: int
    receivable: int
    balance_before: int
    held: int

    @property
    def balance_after(self) -> int:
        """Give what the wallet shows afterwards."""
        return self.balance_before - self.credits

    @property
    def lost_cash(self) -> int:
        """Give what the platform bears at once: given back, and neither behind the credits nor owed."""
        return money.cents_to_micros(self.amount_cents) - self.cash - self.receivable


@dataclass(frozen=True, slots=True)
class Standing:
    """How a payment stands: what is unused and could be given back now, what was, and why not if not."""

    payment: Payment
    refundable_cents: int
    unused: int
    cash: int
    left_cents: int
    refunded_cents: int
    open: Refund | None
    disputed: bool


def standing(*, payment: Payment, now: dt.datetime) -> Standing:
    """Say what could be given back of a payment: the cash behind its unused credits, no more (ledger.md rule 4)."""
    _, usd = claws.taken(purchase=payment.intent_id)
    refunded_cents = usd // money.CENT
    disputed = Dispute.objects.filter(payment_intent_id=payment.intent_id, state=Dispute.State.OPEN).exists()
    unused, cash = _unused(payment, now)
    left_cents = payment.amount_cents - refunded_cents
    net_cents = payment.amount_cents - payment.tax_cents
    gross = cash * payment.amount_cents // net_cents if net_cents else 0
    pending = Refund.objects.filter(payment_intent_id=payment.intent_id, state__in=Refund.OPEN).first()
    return Standing(
        payment=payment,
        refundable_cents=0 if disputed or pending else min(gross // money.CENT, left_cents),
        unused=unused,
        cash=cash,
        left_cents=left_cents,
        refunded_cents=refunded_cents,
        open=pending,
        disputed=disputed,
    )


def recovery(*, payment: Payment, amount_cents: int, tax_cents: int, now: dt.datetime) -> Recovery:
    """Say what giving back so many cents takes, lot by lot, and what it does to the wallet."""
    usd, tax = money.cents_to_micros(amount_cents), money.cents_to_micros(tax_cents)
    parts = claws.preview(purchase=payment.purchase, usd=usd, tax=tax, now=now)
    own = {lot.id for lot in payment.lots}
    wallet = Wallet.objects.get(pk=payment.purchase.wallet_id)
    return Recovery(
        amount_cents=amount_cents,
        credits=sum(part.amount for part in parts),
        from_purchase=sum(part.amount for part in parts if part.grant_id in own),
        from_others=sum(
            part.amount for part in parts if part.grant_id is not None and part.grant_id not in own
        ),
        below_zero=sum(part.amount for part in parts if part.grant_id is None),
        cash=sum(part.cash for part in parts if part.grant_id is not None),
        receivable=sum(part.cash for part in parts if part.grant_id is None),
        balance_before=wallet.balance,
        held=wallet.held,
    )


def within_days() -> int:
    """Give for how many days customers may give back what they have not used (the setting REFUND_WITHIN_DAYS)."""
    return int(settings.REFUND_WITHIN_DAYS)


def policy_ends(*, top_up: TopUp) -> dt.datetime | None:
    """Tell until when a customer may give back what it has not used of a top-up, without asking anybody."""
    return top_up.paid_at and top_up.paid_at + dt.timedelta(days=within_days())


def within_policy(*, top_up: TopUp, now: dt.datetime) -> bool:
    """Tell whether that time is not over."""
    ends = policy_ends(top_up=top_up)
    return ends is not None and now < ends


def of_payment(*, intent_id: str) -> list[Refund]:
    """List the refunds of a payment, the newest first."""
    found = Refund.objects.filter(payment_intent_id=intent_id).select_related("claw", "requested_by")
    return list(found.order_by("-created_at", "-id"))


def payment_of(*, top_up: TopUp) -> Payment | None:
    """Give a top-up as a payment; None while it is not paid."""
    return lineage.paid(bought=top_up) if top_up.payment_intent_id else None


def _unused(payment: Payment, now: dt.datetime) -> tuple[int, int]:
    """Give the credits of a payment that no hold needs, and the cash behind them."""
    parts = [
        _free(wallet, payment, now)
        for wallet in Wallet.objects.filter(pk__in={lot.wallet_id for lot in payment.lots})
    ]
    return sum(free for free, _ in parts), sum(cash for _, cash in parts)


def _free(wallet: Wallet, payment: Payment, now: dt.datetime) -> tuple[int, int]:
    good = (lot for lot in payment.lots if lot.expires_at is None or lot.expires_at > now)
    lots = [lot for lot in good if lot.wallet_id == wallet.pk]
    left, cash = sum(lot.remaining for lot in lots), sum(lot.cash_remaining for lot in lots)
    free = min(left, max(wallet.available, 0))
    return free, cash * free // left if left else 0
