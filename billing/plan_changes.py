"""Whether another version of a plan is worse for who has it: dearer, or less for the same. Pure.

What cannot be compared counts as worse: then the customer is told in time.
"""

from dataclasses import dataclass, replace

from billing.periods import Interval
from marketplace.terms import ZERO, EntitlementTerms, PriceModel, PriceTerms, TierTerms
from wallets.money import Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A tier of one version, with what use costs under it."""

    tier: TierTerms
    prices: tuple[PriceTerms, ...]
    minimum: Micros
    rate_card_id: int | None


def is_worse(*, today: Side, then: Side) -> bool:
    """Tell whether a customer would pay more, or get less, for the same."""
    return (
        _tier_is_worse(today.tier, then.tier)
        or _use_is_dearer(today.prices, then.prices)
        or then.minimum > today.minimum
        or then.rate_card_id != today.rate_card_id
    )


def _tier_is_worse(today: TierTerms, then: TierTerms) -> bool:
    months = Interval(today.interval).months, Interval(then.interval).months
    kept = {each.feature: each for each in then.entitlements}
    return (
        then.price_cents * months[0] > today.price_cents * months[1]
        or then.credits_per_month * months[0] < today.credits_per_month * months[1]
        or then.per_seat != today.per_seat
        or then.rollover_cap < today.rollover_cap
        or then.overdraft < today.overdraft
        or _cap_is_higher(today.spend_cap_cents, then.spend_cap_cents)
        or any(_right_is_less(each, kept.get(each.feature)) for each in today.entitlements)
    )


def _cap_is_higher(today: int | None, then: int | None) -> bool:
    return today is not None and (then is None or then > today)


def _right_is_less(today: EntitlementTerms, then: EntitlementTerms | None) -> bool:
    if then is None or then.per_seat != today.per_seat or then.rollover_cap < today.rollover_cap:
        return True
    if then.included is None:
        return False
    return today.included is None or then.included < today.included or (then.hard and not today.hard)


def _use_is_dearer(today: tuple[PriceTerms, ...], then: tuple[PriceTerms, ...]) -> bool:
    before = {price.metric: price for price in today}
    return any(_price_is_higher(before.get(price.metric), price) for price in then)


def _price_is_higher(today: PriceTerms | None, then: PriceTerms) -> bool:
    if today == then:
        return False
    if today is None or today.model is not PriceModel.PER_UNIT or then.model is not PriceModel.PER_UNIT:
        # A price that was not there before, or one of another kind: nobody can say for every use.
        return today is not None or then != replace(then, unit_price=ZERO, bands=(), most=ZERO, minimum=ZERO)
    return (
        then.unit_price > today.unit_price or then.minimum > today.minimum or then.included < today.included
    )
