"""What a creator's plan brings when a period is paid: its credits, and what its fee is above their face.

The credits earn as they burn; what lies above their face is split at once, like a run (ledger.md rule 18), so
it goes through clearing with an execution of its own.
"""

import datetime as dt
from dataclasses import dataclass

from billing.models.executions import Earning, Execution
from billing.models.subscriptions import Subscription
from billing.stripe.checkout import Payment
from config.kit import ids
from marketplace import queries as marketplace_queries
from marketplace.defaults import class_rates_bp
from marketplace.splits import Cell, split
from marketplace.terms import VersionTerms
from wallets import chart, grants, ledger, money
from wallets import operations as wallet_operations
from wallets.ledger import Leg, Source
from wallets.models import CreditGrant, Wallet

PLAN = CreditGrant.FundingClass.PLAN


@dataclass(frozen=True, slots=True)
class Fee:
    """A period's fee: the cash behind its credits, and what is above their face, in both units."""

    cash: int
    grant_cash: int
    above_cash: int
    above_credits: int


def parts(*, amount_cents: int, credits: int) -> Fee:
    """Part a fee into the face of its credits and the rest; a fee below face backs them all."""
    cash = money.cents_to_micros(amount_cents)
    above = max(cash - money.credits_to_usd(credits), 0)
    return Fee(
        cash=cash,
        grant_cash=cash - above,
        above_cash=above,
        above_credits=above * money.MICRO // money.credit_value(),
    )


def grant(*, subscription: Subscription, payment: Payment, ends_at: dt.datetime, now: dt.datetime) -> None:
    """Book a paid period and grant its credits, in the caller's transaction."""
    creator = subscription.agent.creator
    wallet = wallet_operations.open_wallet(
        owner_type="consumer", owner_id=subscription.customer_id, scope=creator.public_id, now=now
    )
    fee = parts(amount_cents=payment.received_cents, credits=subscription.credits)
    settlement_id = _post(subscription=subscription, wallet=wallet, fee=fee, payment=payment, now=now)
    grants.add(
        wallet_id=wallet.pk,
        funding_class=PLAN,
        amount=subscription.credits,
        cash=fee.grant_cash,
        source=_source(payment),
        now=now,
        expires_at=ends_at,
    )
    if fee.above_credits:
        _share(subscription, wallet, fee, settlement_id, now)


def _post(*, subscription: Subscription, wallet: Wallet, fee: Fee, payment: Payment, now: dt.datetime) -> int:
    legs = [
        Leg(chart.ISSUED["plan"], -(subscription.credits + fee.above_credits)),
        Leg(wallet.pk, subscription.credits),
        Leg(chart.STRIPE_CASH, -fee.cash),
        Leg(chart.DEFERRED, fee.cash),
    ]
    if fee.above_credits:
        legs.append(Leg(chart.CLEARING, fee.above_credits))
    posted = ledger.post(
        kind="subscription",
        source=_source(payment),
        actor="job:billing.fulfil_checkout",
        legs=legs,
        now=now,
        occurred_at=payment.paid_at,
        description=f"Subscription {subscription.public_id}",
    )
    return posted.transaction_id


def _source(payment: Payment) -> Source:
    return Source("payment_intent", payment.intent_id)


def _share(
    subscription: Subscription, wallet: Wallet, fee: Fee, settlement_id: int, now: dt.datetime
) -> None:
    terms = marketplace_queries.version_terms(version=subscription.version.public_id)
    cells = _cells(subscription, terms, fee.above_credits)
    execution = Execution.objects.create(
        public_id=ids.new(ids.EXECUTION),
        state=Execution.State.SETTLED,
        source=Execution.Source.PLAN_FEE,
        principal="job:billing.fulfil_checkout",
        customer=subscription.customer,
        agent=subscription.agent,
        version=subscription.version,
        wallet=wallet,
        cost=fee.above_credits,
        charged=fee.above_credits,
        cells=[[cell.funding_class, cell.payee, cell.amount] for cell in cells],
        platform_amount=sum(cell.amount for cell in cells if cell.payee is None),
        cash=fee.above_cash,
        self_dealing=_is_self_dealing(subscription, terms),
        outcome="success",
        reason=f"The fee of {subscription.public_id} above the face of its credits",
        occurred_at=now,
        opened_at=now,
        expires_at=now,
        closed_at=now,
        settlement_id=settlement_id,
    )
    Earning.objects.bulk_create(
        Earning(
            execution=execution,
            creator_id=cell.payee,
            agent=subscription.agent,
            amount=cell.amount,
            zero_cash_amount=0,
            day=now.date(),
            earned_at=now,
        )
        for cell in cells
        if cell.payee is not None and cell.amount
    )


def _cells(subscription: Subscription, terms: VersionTerms, credits: int) -> tuple[Cell, ...]:
    # A creator that subscribes to its own agent earns nothing by it (ledger.md rule 20).
    own = subscription.agent.creator_id if _is_self_dealing(subscription, terms) else None
    shares = [share for share in terms.shares if share.creator_id != own]
    return split(amounts=[(PLAN, credits)], shares=shares, class_rates=class_rates_bp())


def _is_self_dealing(subscription: Subscription, terms: VersionTerms) -> bool:
    return terms.creator_customer_id == subscription.customer_id
