"""What somebody who leaves a paid period takes back: the value of what is not consumed, for which it is taken away.

Money is given for what is taken, and for nothing else: what a run holds at that moment stays with the customer.
"""

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from billing.models.subscriptions import SubscriptionPeriod
from billing.operations.subscriptions import allowances
from billing.operations.subscriptions.allowances import Parcel
from billing.periods import Period
from billing.proration import Held, Line, unconsumed_cents
from billing.queries import subscriptions as queries
from wallets import grants
from wallets.ledger import Source

ACTOR: Final = "job:billing.subscriptions"
CAUSE: Final = "subscription_period"


def given_back(*, period: SubscriptionPeriod, now: dt.datetime) -> Line:
    """Say what leaving a period now would give back, taking nothing."""

    def loose(parcel: Parcel) -> int:
        refs = queries.causes(period)
        return grants.loose(wallet_id=parcel.wallet_id, source_type=CAUSE, source_ids=refs, now=now)

    return _line(period, queries.stretch_of(period), loose, now)


def take_back(*, period: SubscriptionPeriod, stretch: Period, now: dt.datetime) -> Line:
    """Take away what is left of a period, in the caller's transaction, and say what is given back for it.

    `stretch` is what the period was before it was closed.
    """

    def withdrawn(parcel: Parcel) -> int:
        return grants.withdraw(
            wallet_id=parcel.wallet_id,
            source=Source(CAUSE, queries.period_ref(period)),
            source_ids=queries.causes(period),
            actor=ACTOR,
            now=now,
            reason=f"Given back with {queries.name(period.subscription, tier=period.tier)}",
        )

    return _line(period, stretch, withdrawn, now)


def _line(
    period: SubscriptionPeriod, stretch: Period, left: Callable[[Parcel], int], now: dt.datetime
) -> Line:
    name = queries.name(period.subscription, tier=period.tier)
    # A free plan's stay until they expire: nothing is given back for them, and its return brings none.
    brought = period.granted_at and period.tier.price_usd.amount
    parcels = allowances.parcels(period=period) if brought else []
    # Of several, the one of which the most is used says what is consumed.
    taken = [(left(parcel), parcel.granted) for parcel in parcels]
    least, granted = min(taken, key=lambda each: Fraction(*each), default=(0, 0))
    fee_cents = queries.paid_cents(period)
    held = Held(name=name, fee_cents=fee_cents, period=stretch, granted=granted, left=least)
    return Line(f"Unused part of {name}", -unconsumed_cents(held=held, now=now))
