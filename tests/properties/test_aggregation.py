"""Aggregations against plain definitions: the order of events never matters."""

import datetime as dt
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.aggregation import PLACES, Aggregation, Reading, aggregate
from billing.periods import Period

START = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
SECONDS = 28 * 86_400
PERIOD = Period(START, START + dt.timedelta(seconds=SECONDS))

values = st.decimals(min_value=0, max_value=10**6, places=6, allow_nan=False, allow_infinity=False)


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    """Draw readings within the period, some of them at one instant."""
    drawn = draw(st.lists(st.tuples(st.integers(0, SECONDS - 1), values), max_size=30))
    return [
        Reading(START + dt.timedelta(seconds=second), ("s", f"e{number}"), f"{value:f}")
        for number, (second, value) in enumerate(drawn)
    ]


def oracle(how: Aggregation, found: list[Reading], before: Decimal) -> Fraction:
    """Say it slowly: a level second by second would be the same, so its steps are walked as (second, value)."""
    steps = sorted(
        ((reading.at - START).total_seconds(), reading.key, Fraction(reading.value)) for reading in found
    )
    numbers = [value for _, _, value in steps]
    if how is Aggregation.TIME_WEIGHTED:
        ends = [int(second) for second, _, _ in steps] + [SECONDS]
        held = zip([Fraction(before), *numbers], [0, *ends[:-1]], ends, strict=True)
        return sum((level * (end - begin) for level, begin, end in held), Fraction()) / SECONDS
    last = numbers[-1] if numbers else Fraction(before)
    return {
        Aggregation.COUNT: Fraction(len(numbers)),
        Aggregation.SUM: sum(numbers, Fraction()),
        Aggregation.MAX: max(numbers, default=Fraction()),
        Aggregation.UNIQUE: Fraction(len(Counter(reading.value for reading in found))),
        Aggregation.LATEST: last,
    }[how]


@pytest.mark.parametrize("how", list(Aggregation))
@given(found=readings(), before=values, seed=st.integers())
def test_it_is_what_its_definition_says_in_any_order(
    how: Aggregation, found: list[Reading], before: Decimal, seed: int
) -> None:
    shuffled = random.Random(seed).sample(found, len(found))

    got = aggregate(aggregation=how, readings=shuffled, period=PERIOD, before=before)

    assert abs(Fraction(got) - oracle(how, found, before)) <= Fraction(1, 2 * 10**PLACES)
    assert got == aggregate(aggregation=how, readings=found, period=PERIOD, before=before)


@given(found=readings(), before=values, at=st.integers(1, SECONDS - 1))
def test_a_level_over_two_parts_is_the_level_over_the_whole(
    found: list[Reading], before: Decimal, at: int
) -> None:
    middle = START + dt.timedelta(seconds=at)
    first, second = Period(START, middle), Period(middle, PERIOD.end)
    early, late = [r for r in found if r.at < middle], [r for r in found if r.at >= middle]
    between = aggregate(aggregation=Aggregation.LATEST, readings=early, period=first, before=before)
    how = Aggregation.TIME_WEIGHTED
    parts = Fraction(aggregate(aggregation=how, readings=early, period=first, before=before)) * at
    parts += Fraction(aggregate(aggregation=how, readings=late, period=second, before=between)) * (
        SECONDS - at
    )
    whole = Fraction(aggregate(aggregation=how, readings=found, period=PERIOD, before=before))

    assert abs(parts / SECONDS - whole) <= Fraction(1, 10**PLACES)


def test_half_a_month_of_ten_gigabytes_is_five_gigabyte_months() -> None:
    middle = START + dt.timedelta(days=14)
    found = [Reading(middle, ("s", "e1"), "10")]

    assert aggregate(aggregation=Aggregation.TIME_WEIGHTED, readings=found, period=PERIOD) == 5
