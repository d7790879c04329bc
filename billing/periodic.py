"""What a whole period of a platform plan comes to, line by line. Pure and exact: USD, one rounding a line.

What an entitlement includes is free; above it the plan's price is charged where overage is on. A commitment is paid for
whether used or not, at its discount; what goes beyond it is charged at the standard rate. A spend cap leaves what lies
above it uncharged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

from billing.rating.components import Part, parts
from billing.rating.exact import EXACT, ONE, ZERO, product, to_micros
from billing.rating.quantities import QUANTITY_PLACES, check_quantity
from marketplace.terms import (
    EntitlementTerms,
    Overage,
    PaymentTerm,
    PlanTerms,
    PriceModel,
    PriceTerms,
    TierTerms,
)
from wallets.money import Micros, cents_to_micros

WHOLE_BP: Final = Decimal(10_000)
NO_QUANTITIES: Final[Mapping[str, Decimal]] = {}
ABOVE_CAP: Final = "not charged: above the cap"
NOT_USED: Final = "committed, not used"
# More digits than any amount divided by a price of ours has before it is cut to a quantity's places.
QUOTIENT: Final = Context(prec=60, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One line of a period: so much of a metric at one rate, and the tier that sets it."""

    meter: str
    text: str
    quantity: Decimal
    rate: Decimal
    tier: str
    amount_micros: Micros


@dataclass(frozen=True, slots=True)
class Commitment:
    """A quantity of a metric that is paid for each period, at a discount in basis points."""

    metric: str
    quantity: Decimal
    discount_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plan as a customer would have it: fee of a period, prices, entitlements, cap."""

    name: str
    fee_cents: int
    prices: tuple[PriceTerms, ...] = ()
    entitlements: tuple[EntitlementTerms, ...] = ()
    per_seat: bool = False
    spend_cap_cents: int | None = None


def offer_of(*, plan: PlanTerms, tier: TierTerms) -> Offer:
    """Give a tier of a platform plan as an offer."""
    return Offer(
        name=tier.name,
        fee_cents=tier.price_cents,
        prices=plan.prices,
        entitlements=tier.entitlements,
        per_seat=tier.per_seat,
        spend_cap_cents=tier.spend_cap_cents,
    )


@dataclass(frozen=True, slots=True)
class Saving:
    """What the same use costs on one plan and on another."""

    name: str
    other: str
    costs: Micros
    other_costs: Micros

    @property
    def saved(self) -> Micros:
        """Give what the other plan saves."""
        return Micros(self.costs - self.other_costs)


def rate_period(
    *,
    prices: Iterable[PriceTerms],
    quantities: Mapping[str, Decimal],
    entitlements: Iterable[EntitlementTerms] = (),
    seats: int = 1,
    overage: bool = True,
    commitment: Commitment | None = None,
    spend_cap_cents: int | None = None,
    stated: Mapping[str, Decimal] = NO_QUANTITIES,
) -> tuple[UsageLine, ...]:
    """Rate what was used in a period; components paid in advance are not in it (`fees` has them).

    `overage` is the customer's consent to it. Raises InvalidInputError for a quantity that is negative, not finite,
    too large or too fine.
    """
    entitled = {each.metric: each for each in entitlements if each.metric}
    lines: list[UsageLine] = []
    for price in prices:
        if price.payment_term is PaymentTerm.IN_ARREARS:
            entitlement = entitled.get(price.metric)
            allowed = _allowed(price, entitlement, seats=seats, overage=overage)
            quantity = check_quantity(metric=price.metric, quantity=quantities.get(price.metric, ZERO))
            rated = _rated(allowed, quantity, commitment, stated.get(price.metric))
            text = entitlement.name if entitlement else price.metric
            lines += [_line(part, text) for part in rated if part.quantity]
    return tuple(lines if spend_cap_cents is None else _capped(lines, cents_to_micros(spend_cap_cents)))


def fees(*, fee_cents: int, name: str, prices: Iterable[PriceTerms], seats: int = 1) -> tuple[UsageLine, ...]:
    """List what is paid in advance: the tier's fee, for each seat, and flat components that say so."""
    fee = UsageLine(
        "", name, Decimal(seats), Decimal(fee_cents) / 100, "", cents_to_micros(fee_cents * seats)
    )
    advance = [price for price in prices if price.payment_term is PaymentTerm.IN_ADVANCE]
    flat = [_line(Part(price.metric, ONE, price.unit_price), name) for price in advance]
    return (fee, *flat) if fee_cents else tuple(flat)


def period_cost(*, offer: Offer, quantities: Mapping[str, Decimal], seats: int = 1) -> Micros:
    """Give what a period on a plan costs in all: what is paid in advance and what its use comes to."""
    billed = seats if offer.per_seat else 1
    advance = fees(fee_cents=offer.fee_cents, name=offer.name, prices=offer.prices, seats=billed)
    used = rate_period(
        prices=offer.prices,
        quantities=quantities,
        entitlements=offer.entitlements,
        spend_cap_cents=offer.spend_cap_cents,
        seats=seats,
    )
    return total(lines=(*advance, *used))


def cheaper(
    *, current: Offer, other: Offer, quantities: Mapping[str, Decimal], seats: int = 1
) -> Saving | None:
    """Tell what another plan would save for the same use; None when it would not cost less."""
    costs = period_cost(offer=current, quantities=quantities, seats=seats)
    other_costs = period_cost(offer=other, quantities=quantities, seats=seats)
    return Saving(current.name, other.name, costs, other_costs) if other_costs < costs else None


def total(*, lines: Iterable[UsageLine]) -> Micros:
    """Add up lines."""
    return Micros(sum(line.amount_micros for line in lines))


def _allowed(
    price: PriceTerms, entitlement: EntitlementTerms | None, *, seats: int, overage: bool
) -> PriceTerms:
    """Give a price with what this customer's entitlement includes, blocked above it where it says so."""
    if entitlement is None or entitlement.included is None:
        return price
    included = entitlement.quantity(seats=seats) or ZERO
    blocked = entitlement.blocked(overage=overage)
    return replace(price, included=included, overage=Overage.BLOCKED if blocked else price.overage)


def _rated(
    price: PriceTerms, quantity: Decimal, commitment: Commitment | None, stated: Decimal | None
) -> Iterator[Part]:
    if commitment is None or commitment.metric != price.metric or not commitment.quantity:
        yield from parts(price=price, quantity=quantity, stated=stated)
        return
    if price.model is not PriceModel.PER_UNIT:
        raise ValueError("a commitment discounts a price per unit")
    rate = product(price.unit_price, (WHOLE_BP - commitment.discount_bp) / WHOLE_BP)
    told = f"committed, {_percent(commitment.discount_bp)} % off"
    used = min(quantity, commitment.quantity)
    yield Part(price.metric, used, rate, told)
    yield Part(price.metric, EXACT.subtract(commitment.quantity, used), rate, NOT_USED)
    yield Part(price.metric, EXACT.subtract(quantity, used), price.unit_price, "above the commitment")


def _capped(lines: Sequence[UsageLine], cap: Micros) -> Iterator[UsageLine]:
    left = int(cap)
    for line in lines:
        if line.amount_micros <= left:
            left -= line.amount_micros
            yield line
            continue
        within = _quantity_for(left, line.rate)
        if within:
            yield replace(line, quantity=within, amount_micros=Micros(left))
        above = EXACT.subtract(line.quantity, within)
        yield replace(line, quantity=above, rate=ZERO, tier=ABOVE_CAP, amount_micros=Micros(0))
        left = 0


def _quantity_for(micros: int, rate: Decimal) -> Decimal:
    """Give the quantity that so much pays for, cut to the places that quantities have."""
    exact = QUOTIENT.divide(Decimal(micros).scaleb(-6), rate)
    return exact.quantize(Decimal(1).scaleb(-QUANTITY_PLACES), context=QUOTIENT).normalize()


def _line(part: Part, text: str) -> UsageLine:
    return UsageLine(part.metric, text, part.quantity, part.rate, part.tier, to_micros(part.amount))


def _percent(bp: int) -> str:
    text = f"{Decimal(bp) / 100:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
