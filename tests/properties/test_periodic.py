"""Rating a whole period against exact fractions: entitlements, seats, commitments, the cap."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from billing.periodic import ABOVE_CAP, NOT_USED, Commitment, Offer, cheaper, period_cost, rate_period, total
from marketplace.terms import EntitlementTerms, Overage, PaymentTerm, PriceModel, PriceTerms
from tests.properties.test_rating import STATED, components, exact_component

MICRO: Final = 1_000_000
METRICS: Final = ("execution", "input_tokens", "gb_months")
RATES: Final = st.decimals(min_value=0, max_value=100, places=9)
QUANTITIES: Final = st.decimals(min_value=0, max_value=10**6, places=6)
SEATS: Final = st.integers(min_value=1, max_value=50)
CAPS: Final = st.integers(min_value=0, max_value=10**7)


def entitlement(
    metric: str, included: Decimal | None, *, hard: bool, per_seat: bool, unit: str
) -> EntitlementTerms:
    return EntitlementTerms(
        feature_id=1,
        feature=metric,
        name=metric,
        metric=metric,
        unit=unit,
        included=included,
        hard=hard,
        per_seat=per_seat,
    )


@st.composite
def price_lists(draw: st.DrawFn) -> tuple[PriceTerms, ...]:
    metrics = draw(st.lists(st.sampled_from(METRICS), unique=True, min_size=1))
    return tuple(draw(components(metric)) for metric in metrics)


USED: Final = st.dictionaries(st.sampled_from(METRICS), QUANTITIES)
STATED_ALL: Final = dict.fromkeys(METRICS, STATED)


@given(price_lists(), USED)
def test_a_period_is_the_sum_of_its_components(
    prices: tuple[PriceTerms, ...], used: dict[str, Decimal]
) -> None:
    lines = rate_period(prices=prices, quantities=used, stated=STATED_ALL)

    exact = sum((exact_component(price, used.get(price.metric, Decimal(0))) for price in prices), Fraction(0))
    # One rounding a line, half a micro at most.
    assert abs(total(lines=lines) - exact * MICRO) <= Fraction(len(lines), 2)
    assert all(line.amount_micros >= 0 and line.quantity > 0 for line in lines)


@given(RATES, QUANTITIES, QUANTITIES, SEATS, st.tuples(*[st.booleans()] * 4))
def test_only_what_is_above_the_entitlement_is_charged(
    rate: Decimal,
    included: Decimal,
    used: Decimal,
    seats: int,
    flags: tuple[bool, bool, bool, bool],
) -> None:
    hard, per_seat, overage, has_quota = flags
    terms = entitlement(
        "execution", included, hard=hard, per_seat=per_seat, unit="EXECUTION" if has_quota else ""
    )
    lines = rate_period(
        prices=(PriceTerms(PriceModel.PER_UNIT, "execution", rate),),
        quantities={"execution": used},
        entitlements=(terms,),
        seats=seats,
        overage=overage,
    )

    allowed = Fraction(included) * (seats if per_seat else 1)
    blocked = hard or (has_quota and included and not overage)
    above = Fraction(0) if blocked else max(Fraction(used) - allowed, Fraction(0))
    assert abs(total(lines=lines) - above * Fraction(rate) * MICRO) <= Fraction(1, 2)
    assert sum((line.quantity for line in lines), Decimal(0)) == used


@given(RATES, QUANTITIES, QUANTITIES, st.integers(min_value=0, max_value=10_000))
def test_a_commitment_costs_its_discount_and_the_standard_rate_beyond(
    rate: Decimal, committed: Decimal, used: Decimal, discount_bp: int
) -> None:
    lines = rate_period(
        prices=(PriceTerms(PriceModel.PER_UNIT, "execution", rate),),
        quantities={"execution": used},
        commitment=Commitment("execution", committed, discount_bp),
    )

    discounted = Fraction(rate) * (10_000 - discount_bp) / 10_000
    above = max(Fraction(used) - Fraction(committed), Fraction(0))
    exact = Fraction(committed) * discounted + above * Fraction(rate)
    assert abs(total(lines=lines) - exact * MICRO) <= Fraction(3, 2)
    assert sum((line.quantity for line in lines if line.tier != NOT_USED), Decimal(0)) == used


@given(price_lists(), USED, CAPS)
def test_a_cap_is_the_most_that_a_period_costs(
    prices: tuple[PriceTerms, ...], used: dict[str, Decimal], cap_cents: int
) -> None:
    free = rate_period(prices=prices, quantities=used, stated=STATED_ALL)
    capped = rate_period(prices=prices, quantities=used, stated=STATED_ALL, spend_cap_cents=cap_cents)

    assert total(lines=capped) == min(total(lines=free), cap_cents * 10_000)
    assert all(line.amount_micros >= 0 and line.quantity > 0 for line in capped)
    assert all(line.amount_micros == 0 for line in capped if line.tier == ABOVE_CAP)
    told = [sum((line.quantity for line in each), Decimal(0)) for each in (free, capped)]
    assert told[0] == told[1]


@given(RATES, QUANTITIES, QUANTITIES)
def test_a_period_split_in_two_costs_the_same_a_unit(rate: Decimal, first: Decimal, second: Decimal) -> None:
    prices = (PriceTerms(PriceModel.PER_UNIT, "execution", rate),)

    def cost(used: Decimal) -> int:
        return total(lines=rate_period(prices=prices, quantities={"execution": used}))

    assert abs(cost(first) + cost(second) - cost(first + second)) <= 1


@given(price_lists(), USED)
def test_the_order_in_which_metrics_are_told_does_not_matter(
    prices: tuple[PriceTerms, ...], used: dict[str, Decimal]
) -> None:
    turned = dict(reversed(used.items()))

    assert rate_period(prices=prices, quantities=used, stated=STATED_ALL) == rate_period(
        prices=prices, quantities=turned, stated=STATED_ALL
    )


@given(RATES, RATES, CAPS, CAPS, QUANTITIES)
def test_a_plan_is_offered_exactly_where_it_costs_less(
    rate: Decimal, other_rate: Decimal, fee: int, other_fee: int, used: Decimal
) -> None:
    offers = [
        Offer(name=name, fee_cents=cents, prices=(PriceTerms(PriceModel.PER_UNIT, "execution", price),))
        for name, cents, price in (("one", fee, rate), ("other", other_fee, other_rate))
    ]
    quantities = {"execution": used}

    saving = cheaper(current=offers[0], other=offers[1], quantities=quantities)

    costs = [period_cost(offer=offer, quantities=quantities) for offer in offers]
    assert (saving is not None) == (costs[1] < costs[0])
    assert saving is None or saving.saved == costs[0] - costs[1] > 0


@given(RATES, QUANTITIES, SEATS)
def test_what_is_paid_in_advance_is_no_use(rate: Decimal, used: Decimal, seats: int) -> None:
    advance = PriceTerms(PriceModel.FLAT, "execution", rate, payment_term=PaymentTerm.IN_ADVANCE)

    assert rate_period(prices=(advance,), quantities={"execution": used}, seats=seats) == ()
    blocked = PriceTerms(PriceModel.PER_UNIT, "execution", rate, overage=Overage.BLOCKED)
    assert total(lines=rate_period(prices=(blocked,), quantities={"execution": used})) == 0
