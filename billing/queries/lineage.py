"""From a payment to what became of it: its lots, and the runs that burned them. A few queries."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from billing.models.executions import Execution
from billing.models.invoice_payments import InvoicePayment
from billing.models.subscriptions import Subscription, SubscriptionPeriod
from billing.models.topups import TopUp
from billing.queries import purchases, subscriptions
from billing.queries.purchases import Bought
from wallets import money
from wallets.claws import Purchase
from wallets.models import CreditGrant, GrantDrawdown
from wallets.queries import consumer_wallet


@dataclass(frozen=True, slots=True)
class Lot:
    """A grant that the payment paid for, and what is left of it."""

    id: int
    public_id: str
    funding_class: str
    wallet_id: int
    amount: int
    remaining: int
    burned: int
    expired: int
    voided: int
    frozen: int
    cash: int
    cash_remaining: int
    expires_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Burn:
    """What one run burned of one lot."""

    drawdown_id: int
    execution_id: int
    execution: str
    agent_id: int
    lot_id: int
    funding_class: str
    amount: int
    cash: int
    at: dt.datetime
    posted: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that succeeded, with its lots: what can be given back is answered from it."""

    intent_id: str
    reference: str
    customer_id: int
    charge_id: str
    amount_cents: int
    tax_cents: int
    paid_at: dt.datetime
    wallet_id: int | None
    lots: tuple[Lot, ...]

    @property
    def purchase(self) -> Purchase:
        """Give it as the ledger claws it; a payment of a customer without a wallet has bought nothing."""
        assert self.wallet_id is not None
        lots = [lot.id for lot in self.lots]
        return Purchase(self.intent_id, self.wallet_id, lots, money.cents_to_micros(self.amount_cents))


def by_intent(*, intent_id: str) -> Payment | None:
    """Find a payment by its PaymentIntent; None when it paid for nothing of ours."""
    found = purchases.paid_by(intent_id=intent_id)
    return paid(bought=found) if found else None


def paid(*, bought: Bought) -> Payment:
    """Give what was bought as a payment with its lots, and the wallet that bears what they do not.

    That is the customer's own, where its next purchase pays what is owed, unless all went into another.
    """
    assert bought.payment_intent_id is not None
    assert bought.paid_at is not None
    customer_id = purchases.payer(purchase=bought).pk
    lots = [_lot(grant) for grant in CreditGrant.objects.filter(_sources(bought)).order_by("id")]
    own = consumer_wallet(customer_id=customer_id)
    filled = [lot.wallet_id for lot in lots]
    bearer = own.pk if own and (own.pk in filled or not filled) else next(iter(filled), None)
    return Payment(
        intent_id=bought.payment_intent_id,
        reference=bought.public_id,
        customer_id=customer_id,
        charge_id=bought.charge_id,
        amount_cents=bought.amount_cents,
        tax_cents=_tax_cents(bought),
        paid_at=bought.paid_at,
        wallet_id=bearer,
        lots=tuple(lots),
    )


def burns(*, payment: Payment) -> list[Burn]:
    """Walk a payment's lots to the runs that burned them, the newest first."""
    lots = {lot.id: lot for lot in payment.lots}
    drawn = GrantDrawdown.objects.filter(grant_id__in=lots, debt=None).select_related("transaction")
    drawdowns = list(drawn.order_by("-id"))
    runs = _runs(drawdown.transaction_id for drawdown in drawdowns)
    return [
        _burn(runs[drawdown.transaction_id], lots[drawdown.grant_id], drawdown)
        for drawdown in drawdowns
        if drawdown.grant_id is not None and drawdown.transaction_id in runs
    ]


def _tax_cents(bought: Bought) -> int:
    match bought:
        case InvoicePayment():
            return bought.invoice.tax_cents
        case Subscription():
            return bought.tax_cents
        case TopUp():
            return 0


def _sources(bought: Bought) -> Q:
    named = Q(source_type="payment_intent", source_id=bought.payment_intent_id)
    if isinstance(bought, TopUp):
        return named
    periods = SubscriptionPeriod.objects.filter(payment_intent_id=bought.payment_intent_id)
    causes = [
        cause
        for period in periods.select_related("subscription").prefetch_related("added")
        for cause in subscriptions.causes(period)
    ]
    return named | Q(source_type="subscription_period", source_id__in=causes)


def _lot(grant: CreditGrant) -> Lot:
    return Lot(
        id=grant.pk,
        public_id=grant.public_id,
        funding_class=grant.funding_class,
        wallet_id=grant.wallet_id,
        amount=grant.amount,
        remaining=grant.remaining,
        burned=grant.burned,
        expired=grant.expired,
        voided=grant.voided,
        frozen=grant.frozen,
        cash=grant.cash,
        cash_remaining=grant.cash_remaining,
        expires_at=grant.expires_at,
    )


def _runs(transaction_ids: Iterable[int]) -> dict[int, Execution]:
    # What an undone run burned has come back to its lots.
    found = Execution.objects.filter(settlement_id__in=set(transaction_ids), undone_at=None).only(
        "public_id", "agent_id", "settlement_id", "posting_id", "closed_at", "occurred_at"
    )
    return {run.settlement_id: run for run in found if run.settlement_id is not None}


def _burn(run: Execution, lot: Lot, drawdown: GrantDrawdown) -> Burn:
    return Burn(
        drawdown_id=drawdown.pk,
        execution_id=run.pk,
        execution=run.public_id,
        agent_id=run.agent_id,
        lot_id=lot.id,
        funding_class=lot.funding_class,
        amount=drawdown.amount,
        cash=drawdown.cash,
        at=drawdown.transaction.recorded_at,
        posted=run.posting_id is not None,
    )
