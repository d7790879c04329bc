"""What somebody who leaves a paid period takes back: the value of what is not consumed, for which it is given up."""

import datetime as dt

from billing.models.subscriptions import SubscriptionPeriod
from billing.operations.subscriptions import allowances
from billing.periods import Period
from billing.proration import Held, Line, unconsumed_cents
from billing.queries import subscriptions as queries
from wallets import grants
from wallets.ledger import Source
from wallets.models import Wallet


def held(*, period: SubscriptionPeriod) -> Held:
    """Tell what of a period is consumed: its credits, else the quota of which the most is used."""
    left, granted = queries.left(period), period.credits
    if not granted:
        left, granted = allowances.least_left(period=period)
    return Held(
        name=queries.name(period.subscription, tier=period.tier),
        fee_cents=period.amount_cents if period.granted_at else 0,
        period=Period(period.starts_at, period.ends_at),
        granted=granted,
        left=left,
    )


def given_back(*, period: SubscriptionPeriod, now: dt.datetime) -> Line:
    """Say what leaving a period now gives back."""
    kept = held(period=period)
    return Line(f"Unused part of {kept.name}", -unconsumed_cents(held=kept, now=now))


def give_up(*, period: SubscriptionPeriod, wallet: Wallet | None, now: dt.datetime) -> None:
    """Take back the credits of a period whose value was given back; what a hold leans on stays.

    A free plan's stay until they expire: nothing is given back for them, and its return brings none.
    """
    if not period.tier.price_usd.amount:
        return
    left = min(queries.left(period), wallet.available if wallet else 0)
    if wallet is not None and left > 0:
        grants.void(
            wallet=wallet,
            amount=left,
            source=Source("subscription_period", queries.period_ref(period)),
            actor="job:billing.subscriptions",
            now=now,
            reason=f"Given back with {queries.name(period.subscription, tier=period.tier)}",
        )
