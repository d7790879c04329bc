"""Proration: nothing is given back that was used, and nobody gains by changing."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from billing.periods import Period
from billing.proration import Held, more_seats, time_left, unconsumed_cents

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
APRIL = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
MARCH = Period(START, APRIL)
MOMENTS = st.datetimes(dt.datetime(2026, 3, 1), dt.datetime(2026, 4, 1)).map(
    lambda at: at.replace(tzinfo=dt.UTC)
)
FEES = st.integers(0, 10**7)


@st.composite
def helds(draw: st.DrawFn) -> Held:
    granted = draw(st.integers(0, 10**12))
    return Held("Pro", draw(FEES), MARCH, granted, draw(st.integers(0, granted)))


def half_of_march() -> dt.datetime:
    return START + MARCH.length / 2


def test_half_the_time_with_all_credits_left_gives_half_back() -> None:
    held = Held("Pro", 10_000, MARCH, granted=100, left=100)

    assert unconsumed_cents(held=held, now=half_of_march()) == 5_000


def test_half_the_time_with_a_tenth_of_the_credits_left_gives_a_tenth_back() -> None:
    held = Held("Pro", 10_000, MARCH, granted=100, left=10)

    assert unconsumed_cents(held=held, now=half_of_march()) == 1_000


def test_seats_added_in_the_middle_cost_half() -> None:
    left = time_left(period=MARCH, now=half_of_march())

    line = more_seats(seat_cents=2_500, seats=2, share=left)

    assert (line.text, line.amount_cents) == ("2 more seats", 2_500)


@given(now=MOMENTS, seats=st.integers(1, 10_000), seat_cents=FEES)
def test_seats_never_cost_more_than_those_of_a_whole_period(
    now: dt.datetime, seats: int, seat_cents: int
) -> None:
    line = more_seats(seat_cents=seat_cents, seats=seats, share=time_left(period=MARCH, now=now))

    assert 0 <= line.amount_cents <= seat_cents * seats


@given(held=helds(), now=MOMENTS)
def test_it_gives_back_from_nothing_to_the_fee(held: Held, now: dt.datetime) -> None:
    assert 0 <= unconsumed_cents(held=held, now=now) <= held.fee_cents


@given(held=helds(), now=MOMENTS, burned=st.integers(0, 10**12))
def test_burning_more_never_gives_more_back(held: Held, now: dt.datetime, burned: int) -> None:
    used = Held(held.name, held.fee_cents, held.period, held.granted, max(held.left - burned, 0))

    assert unconsumed_cents(held=used, now=now) <= unconsumed_cents(held=held, now=now)


@given(held=helds(), moments=st.tuples(MOMENTS, MOMENTS))
def test_waiting_never_gives_more_back(held: Held, moments: tuple[dt.datetime, dt.datetime]) -> None:
    earlier, later = sorted(moments)

    assert unconsumed_cents(held=held, now=later) <= unconsumed_cents(held=held, now=earlier)


@given(held=helds())
def test_what_is_burned_or_over_gives_nothing_back(held: Held) -> None:
    burned = Held(held.name, held.fee_cents, held.period, max(held.granted, 1), 0)

    assert unconsumed_cents(held=burned, now=START) == 0
    assert unconsumed_cents(held=held, now=APRIL) == 0
