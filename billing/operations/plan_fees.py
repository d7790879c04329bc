"""What a paid period brings: its credits, and what its fee is above their face.

The credits earn as they burn. Of a platform plan, what lies above their face is the platform's own; of a creator's it
is split at once, like a run (ledger.md rule 18), so it goes through clearing with an execution of its own.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

from billing.models.executions import Earning, Execution
from billing.models.subscriptions import AddedSeats, Subscription, SubscriptionPeriod
from billing.queries import subscriptions as queries
from config.kit import ids
from marketplace.defaults import class_rates_bp
from marketplace.models import Agent
from marketplace.splits import Cell, split
from marketplace.terms import Share
from wallets import chart, grants, ledger, money
from wallets import operations as wallet_operations
from wallets.chart import PlatformWallet
from wallets.ledger import Leg, Source
from wallets.models import CreditGrant, Wallet

PLAN: Final = CreditGrant.FundingClass.PLAN
ACTOR: Final = "job:billing.subscriptions"
SHARES: Final = "SELECT o_shares::text, o_self_dealing FROM billing_shares(%s, %s)"


@dataclass(frozen=True, slots=True)
class Fee:
    """A period's fee: the cash behind its credits, and what is above their face, in both units."""

    cash: int
    grant_cash: int
    above_cash: int
    above_credits: int


@dataclass(frozen=True, slots=True)
class Paid:
    """How a period was paid: the cause of its booking, and the account that the money is taken from.

    Cash at Stripe after a checkout; `receivable` after an invoice, whose payment filled it in the same transaction.
    """

    cents: int
    account: PlatformWallet
    source: Source
    at: dt.datetime


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


def grant(*, period: SubscriptionPeriod, paid: Paid, now: dt.datetime) -> None:
    """Book a paid (or free) period and grant its credits, in the caller's transaction."""
    fee = parts(amount_cents=paid.cents, credits=period.credits)
    if not (fee.cash or period.credits):
        return
    subscription = period.subscription
    scope = "" if subscription.agent is None else subscription.agent.creator.public_id
    wallet = wallet_operations.open_wallet(
        owner_type="consumer", owner_id=subscription.customer_id, scope=scope, now=now
    )
    settlement_id = _post(
        subscription=subscription, credits=period.credits, wallet=wallet, fee=fee, paid=paid, now=now
    )
    _grant(period=period, wallet=wallet, cash=fee.grant_cash, now=now)
    if subscription.agent is not None and fee.above_credits:
        _share(
            subscription.agent, period=period, wallet=wallet, fee=fee, settlement_id=settlement_id, now=now
        )


def grant_added(*, added: AddedSeats, paid: Paid, now: dt.datetime) -> None:
    """Book paid (or free) seats of a platform plan and grant their credits, in the caller's transaction."""
    fee = parts(amount_cents=paid.cents, credits=added.credits)
    if not (fee.cash or added.credits):
        return
    subscription = added.period.subscription
    wallet = wallet_operations.open_wallet(owner_type="consumer", owner_id=subscription.customer_id, now=now)
    _post(subscription=subscription, credits=added.credits, wallet=wallet, fee=fee, paid=paid, now=now)
    if added.credits:
        grants.add(
            wallet_id=wallet.pk,
            funding_class=PLAN,
            amount=added.credits,
            cash=fee.grant_cash,
            source=paid.source,
            now=now,
            expires_at=queries.good_until(added.period, now=now),
        )


def _post(
    *, subscription: Subscription, credits: int, wallet: Wallet, fee: Fee, paid: Paid, now: dt.datetime
) -> int:
    shared = fee.above_credits if subscription.agent_id else 0
    earned = 0 if subscription.agent_id else fee.above_cash
    posted = ledger.post(
        kind="subscription",
        source=paid.source,
        actor=ACTOR,
        legs=[
            Leg(chart.ISSUED["plan"], -(credits + shared)),
            Leg(wallet.pk, credits),
            Leg(chart.CLEARING, shared),
            Leg(paid.account, -fee.cash),
            Leg(chart.DEFERRED, fee.cash - earned),
            Leg(chart.REVENUE, earned),
        ],
        now=now,
        occurred_at=paid.at,
        description=f"Subscription {subscription.public_id}",
    )
    return posted.transaction_id


def _grant(*, period: SubscriptionPeriod, wallet: Wallet, cash: int, now: dt.datetime) -> None:
    # What may roll over is a grant of its own that ends a period later: it burns last, and nothing is granted anew.
    kept = min(period.tier.rollover_cap, period.credits)
    ref = queries.period_ref(period)
    amounts = [
        (period.credits - kept, queries.good_until(period, now=now), ref),
        (kept, queries.end_of_next(period, now=now), f"{ref}:rollover"),
    ]
    granted = [each for each in amounts if each[0]]
    shares = money.largest_remainder(cash, [amount for amount, _, _ in granted]) if granted else []
    for (amount, ends_at, source_id), share in zip(granted, shares, strict=True):
        grants.add(
            wallet_id=wallet.pk,
            funding_class=PLAN,
            amount=amount,
            cash=share,
            source=Source("subscription_period", source_id),
            now=now,
            expires_at=ends_at,
        )


def _share(
    agent: Agent,
    *,
    period: SubscriptionPeriod,
    wallet: Wallet,
    fee: Fee,
    settlement_id: int,
    now: dt.datetime,
) -> None:
    subscription = period.subscription
    shares, self_dealing = _shares(subscription)
    cells = split(amounts=[(PLAN, fee.above_credits)], shares=shares, class_rates=class_rates_bp())
    execution = Execution.objects.create(
        public_id=ids.new(ids.EXECUTION),
        state=Execution.State.SETTLED,
        source=Execution.Source.PLAN_FEE,
        principal=ACTOR,
        customer=subscription.customer,
        agent=agent,
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
