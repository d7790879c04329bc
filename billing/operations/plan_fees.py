"""What a creator's plan brings when a period is paid: its credits, and what its fee is above their face.

The credits earn as they burn; what lies above their face is split at once, like a run (ledger.md rule 18), so
it goes through clearing with an execution of its own.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

from billing.models.executions import Earning, Execution
from billing.models.subscriptions import Subscription
from billing.stripe.checkout import Payment
from config.kit import ids
from marketplace.defaults import class_rates_bp
from marketplace.splits import Cell, split
from marketplace.terms import Share
from wallets import chart, grants, ledger, money
from wallets import operations as wallet_operations
from wallets.ledger import Leg, Source
from wallets.models import CreditGrant, Wallet

PLAN: Final = CreditGrant.FundingClass.PLAN
ACTOR: Final = "job:billing.fulfil_checkout"
SHARES: Final = "SELECT o_shares::text, o_self_dealing FROM billing_shares(%s, %s)"


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
        _share(subscription=subscription, wallet=wallet, fee=fee, settlement_id=settlement_id, now=now)


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
        actor=ACTOR,
        legs=legs,
        now=now,
        occurred_at=payment.paid_at,
        description=f"Subscription {subscription.public_id}",
    )
    return posted.transaction_id


def _source(payment: Payment) -> Source:
    return Source("payment_intent", payment.intent_id)


def _share(
    *, subscription: Subscription, wallet: Wallet, fee: Fee, settlement_id: int, now: dt.datetime
) -> None:
    shares, self_dealing = _shares(subscription)
    cells = split(amounts=[(PLAN, fee.above_credits)], shares=shares, class_rates=class_rates_bp())
    execution = Execution.objects.create(
        public_id=ids.new(ids.EXECUTION),
        state=Execution.State.SETTLED,
        source=Execution.Source.PLAN_FEE,
        principal=ACTOR,
        customer=subscription.customer,
        agent=subscription.agent,
        version=subscription.version,
        wallet=wallet,
        cost=fee.above_credits,
        charged=fee.above_credits,
        cells=[[cell.funding_class, cell.payee, cell.amount] for cell in cells],
        platform_amount=sum(cell.amount for cell in cells if cell.payee is None),
        cash=fee.above_cash,
        self_dealing=self_dealing,
        outcome="success",
        reason=f"The fee of {subscription.public_id} above the face of its credits",
        occurred_at=now,
        opened_at=now,
        expires_at=now,
        closed_at=now,
        settlement_id=settlement_id,
    )
    _earn(execution, cells)


def _earn(execution: Execution, cells: Sequence[Cell]) -> None:
    earned_at = execution.opened_at
    Earning.objects.bulk_create(
        Earning(
            execution=execution,
            creator_id=cell.payee,
            agent=execution.agent,
            amount=cell.amount,
            zero_cash_amount=0,
            day=earned_at.date(),
            earned_at=earned_at,
        )
        for cell in cells
        if cell.payee is not None and cell.amount
    )


def _shares(subscription: Subscription) -> tuple[list[Share], bool]:
    """Give who earns from this payer, judged as for a run: nobody earns from itself (ledger.md rule 20)."""
    with connection.cursor() as cursor:
        cursor.execute(SHARES, [subscription.version_id, subscription.customer_id])
        shares, self_dealing = cursor.fetchone()
    return [Share(creator_id, share_bp) for creator_id, share_bp in json.loads(shares)], self_dealing
