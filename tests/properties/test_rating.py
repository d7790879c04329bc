"""Rating against exact fractions, on any prices and usage."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from billing.rating import rate
from billing.rating.components import is_continuous, parts
from marketplace.terms import Overage, PriceBand, PriceModel, PriceTerms
from wallets.money import MICRO

METRICS = ("request", "input_tokens", "compute_minute", "gb")
PRICES = st.decimals(min_value=0, max_value=1000, places=12)
FLAT_PRICES = st.decimals(min_value=0, max_value=1000, places=6)
QUANTITIES = st.decimals(min_value=0, max_value=10**6, places=9)
SOME_QUANTITIES = st.decimals(min_value=Decimal("0.000000001"), max_value=10**6, places=9)
MODELS = st.sampled_from(list(PriceModel))
# What a stated price says in these tests; the bounds drawn below always hold it.
STATED = Decimal("1.5")


@st.composite
def band_lists(draw: st.DrawFn) -> tuple[PriceBand, ...]:
    ends = sorted(draw(st.lists(SOME_QUANTITIES, max_size=4, unique=True)))
    return tuple(PriceBand(end, draw(PRICES), draw(FLAT_PRICES)) for end in (*ends, None))


@st.composite
def components(draw: st.DrawFn, metric: str) -> PriceTerms:
    return PriceTerms(
        draw(MODELS),
        metric,
        draw(PRICES),
        bands=draw(band_lists()),
        package_size=draw(SOME_QUANTITIES),
        most=Decimal(2),
        included=draw(st.just(Decimal(0)) | QUANTITIES),
        overage=draw(st.sampled_from(list(Overage))),
        minimum=draw(st.just(Decimal(0)) | FLAT_PRICES),
    )


@st.composite
def price_lists(draw: st.DrawFn) -> tuple[PriceTerms, ...]:
    metrics = draw(st.lists(st.sampled_from(METRICS), unique=True, max_size=4))
    return tuple(draw(components(metric)) for metric in metrics)


def exact_bands(price: PriceTerms, quantity: Fraction) -> list[tuple[Fraction, PriceBand]]:
    """List each band that a quantity reaches, with how much of it lies there."""
    reached, lower = [], Fraction(0)
    for band in price.bands:
        upper = quantity if band.up_to is None else min(quantity, Fraction(band.up_to))
        if upper > lower:
            reached.append((upper - lower, band))
        lower = max(upper, lower)
    return reached


def exact_component(price: PriceTerms, used: Decimal) -> Fraction:
    quantity = max(Fraction(used) - Fraction(price.included), Fraction(0))
    if price.overage is Overage.BLOCKED:
        quantity = Fraction(0)
    unit = Fraction(price.unit_price)
    reached = exact_bands(price, quantity)
    amounts = {
        PriceModel.FLAT: unit,
        PriceModel.PER_UNIT: unit * quantity,
        PriceModel.PERCENTAGE: unit * quantity,
        PriceModel.DYNAMIC: Fraction(STATED) * quantity,
        PriceModel.PACKAGE: unit * ceil(quantity / Fraction(price.package_size)),
        PriceModel.GRADUATED: sum(
            (part * Fraction(band.unit_price) + Fraction(band.flat_price) for part, band in reached),
            Fraction(0),
        ),
        PriceModel.VOLUME: quantity * Fraction(reached[-1][1].unit_price)
        + Fraction(reached[-1][1].flat_price)
        if reached
        else Fraction(0),
    }
    return max(amounts[price.model], Fraction(price.minimum))


def exact_charge(prices: tuple[PriceTerms, ...], usage: dict[str, Decimal]) -> Fraction:
    total = Fraction(0)
    for price in prices:
        unread = Decimal(1 if price.metric == "request" else 0)
        total += exact_component(price, usage.get(price.metric, unread)) * MICRO
    return total


@given(
    prices=price_lists(),
    usage=st.dictionaries(st.sampled_from(METRICS), QUANTITIES),
    minimum=st.integers(0, 10**9),
    quantum=st.sampled_from([1, 10, 1000, MICRO]),
)
def test_a_charge_is_the_exact_sum_rounded_once_and_its_lines_make_it(
    prices: tuple[PriceTerms, ...], usage: dict[str, Decimal], minimum: int, quantum: int
) -> None:
    exact = exact_charge(prices, usage)

    result = rate(
        prices=prices, usage=usage, minimum=minimum, quantum=quantum, stated=dict.fromkeys(METRICS, STATED)
    )

    half_up = int((exact + Fraction(quantum, 2)) // quantum) * quantum
    assert result.amount == max(half_up, minimum)
    assert sum(line.amount for line in result.lines) == result.amount
    assert set(usage) <= {line.metric for line in result.lines}


@given(price=components("gb"), quantity=QUANTITIES)
def test_a_component_never_gives_money_and_accounts_for_all_that_was_used(
    price: PriceTerms, quantity: Decimal
) -> None:
    found = parts(price=price, quantity=quantity, stated=STATED)

    assert all(part.amount >= 0 and part.quantity >= 0 for part in found)
    assert sum(Fraction(part.amount) for part in found) == exact_component(price, quantity)
    if price.model in (PriceModel.PER_UNIT, PriceModel.PERCENTAGE, PriceModel.DYNAMIC):
        told = sum(Fraction(part.quantity) for part in found if part.tier != "minimum")
        assert told == Fraction(quantity)


@given(bands=band_lists(), quantity=QUANTITIES)
def test_graduated_is_the_sum_of_its_bands(bands: tuple[PriceBand, ...], quantity: Decimal) -> None:
    price = PriceTerms(PriceModel.GRADUATED, "gb", bands=bands)
    lower, alone = Decimal(0), Fraction(0)
    for band in bands:
        upper = quantity if band.up_to is None else min(quantity, band.up_to)
        if upper > lower:
            only = PriceTerms(PriceModel.PER_UNIT, "gb", band.unit_price)
            alone += sum(Fraction(part.amount) for part in parts(price=only, quantity=upper - lower))
            alone += Fraction(band.flat_price)
        lower = max(lower, upper)

    assert sum(Fraction(part.amount) for part in parts(price=price, quantity=quantity)) == alone


@st.composite
def continuous_bands(draw: st.DrawFn) -> tuple[PriceBand, ...]:
    """Draw bands whose flat prices make up for the fall of the unit price at each boundary."""
    ends = sorted(draw(st.lists(st.integers(1, 10**4), min_size=1, max_size=4, unique=True)))
    units = sorted(draw(st.lists(st.integers(0, 100), min_size=len(ends) + 1, max_size=len(ends) + 1)))[::-1]
    flat, bands = Decimal(0), []
    for place, unit in enumerate(units):
        bands.append(PriceBand(Decimal(ends[place]) if place < len(ends) else None, Decimal(unit), flat))
        if place < len(ends):
            flat += Decimal((unit - units[place + 1]) * ends[place])
    return tuple(bands)


@given(bands=continuous_bands(), place=st.integers(0, 3))
def test_a_continuous_volume_price_does_not_jump_at_a_boundary(
    bands: tuple[PriceBand, ...], place: int
) -> None:
    price = PriceTerms(PriceModel.VOLUME, "gb", bands=bands)
    boundary = bands[min(place, len(bands) - 2)].up_to or Decimal(0)
    step = Decimal("0.000000001")

    at = sum(part.amount for part in parts(price=price, quantity=boundary))
    above = sum(part.amount for part in parts(price=price, quantity=boundary + step))

    assert is_continuous(bands)
    assert 0 <= above - at <= 100 * step


@given(bands=continuous_bands())
def test_a_volume_price_that_jumps_is_told_from_a_continuous_one(bands: tuple[PriceBand, ...]) -> None:
    last = bands[-1]
    dearer = (*bands[:-1], PriceBand(last.up_to, last.unit_price, last.flat_price + 1))

    assert not is_continuous(dearer)


@given(unit=PRICES, first=QUANTITIES, second=QUANTITIES)
def test_a_period_cut_in_two_costs_the_same_by_the_unit(
    unit: Decimal, first: Decimal, second: Decimal
) -> None:
    price = PriceTerms(PriceModel.PER_UNIT, "gb", unit)

    def exact(quantity: Decimal) -> Fraction:
        return sum((Fraction(part.amount) for part in parts(price=price, quantity=quantity)), Fraction(0))

    assert exact(first) + exact(second) == exact(first + second)


@given(
    prices=price_lists(),
    usage=st.dictionaries(st.sampled_from(METRICS), QUANTITIES, min_size=1),
    data=st.data(),
)
def test_the_order_of_the_readings_does_not_matter(
    prices: tuple[PriceTerms, ...], usage: dict[str, Decimal], data: st.DataObject
) -> None:
    shuffled = dict(data.draw(st.permutations(list(usage.items()))))
    stated = dict.fromkeys(METRICS, STATED)

    one = rate(prices=prices, usage=usage, minimum=0, quantum=1, stated=stated)
    other = rate(prices=prices, usage=shuffled, minimum=0, quantum=1, stated=stated)

    assert one.amount == other.amount
    assert sorted(map(repr, one.lines)) == sorted(map(repr, other.lines))


@given(
    prices=price_lists(),
    usage=st.dictionaries(st.sampled_from(METRICS), QUANTITIES, min_size=1),
    data=st.data(),
)
def test_more_usage_never_costs_less_but_where_a_volume_price_falls(
    prices: tuple[PriceTerms, ...], usage: dict[str, Decimal], data: st.DataObject
) -> None:
    rising = tuple(price for price in prices if price.model is not PriceModel.VOLUME)
    metric = data.draw(st.sampled_from(sorted(usage)))
    more = {**usage, metric: usage[metric] + 1}
    stated = dict.fromkeys(METRICS, STATED)

    before = rate(prices=rising, usage=usage, minimum=0, quantum=1000, stated=stated)
    after = rate(prices=rising, usage=more, minimum=0, quantum=1000, stated=stated)

    assert after.amount >= before.amount
