"""Rating against exact fractions, on any prices and usage."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.rating import rate
from marketplace.terms import PriceModel, PriceTerms
from wallets.money import MICRO

METRICS = ("request", "input_tokens", "compute_minute", "gb")
PRICES = st.decimals(min_value=0, max_value=1000, places=12)
QUANTITIES = st.decimals(min_value=0, max_value=10**6, places=9)
MODELS = st.sampled_from(list(PriceModel))


@st.composite
def price_lists(draw: st.DrawFn) -> tuple[PriceTerms, ...]:
    metrics = draw(st.lists(st.sampled_from(METRICS), unique=True, max_size=4))
    return tuple(PriceTerms(draw(MODELS), metric, draw(PRICES)) for metric in metrics)


def exact_charge(prices: tuple[PriceTerms, ...], usage: dict[str, Decimal]) -> Fraction:
    total = Fraction(0)
    for price in prices:
        unread = Decimal(1 if price.metric == "request" else 0)
        quantity = Decimal(1) if price.model == PriceModel.FLAT else usage.get(price.metric, unread)
        total += Fraction(price.unit_price) * Fraction(quantity) * MICRO
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

    result = rate(prices=prices, usage=usage, minimum=minimum, quantum=quantum)

    half_up = int((exact + Fraction(quantum, 2)) // quantum) * quantum
    assert result.amount == max(half_up, minimum)
    assert sum(line.amount for line in result.lines) == result.amount
    assert set(usage) <= {line.metric for line in result.lines}


@given(
    prices=price_lists(),
    usage=st.dictionaries(st.sampled_from(METRICS), QUANTITIES, min_size=1),
    data=st.data(),
)
def test_more_usage_never_costs_less(
    prices: tuple[PriceTerms, ...], usage: dict[str, Decimal], data: st.DataObject
) -> None:
    metric = data.draw(st.sampled_from(sorted(usage)))
    more = {**usage, metric: usage[metric] + 1}

    before = rate(prices=prices, usage=usage, minimum=0, quantum=1000)
    after = rate(prices=prices, usage=more, minimum=0, quantum=1000)

    assert after.amount >= before.amount
