"""Amounts: their text, what is refused, and that no rounding loses a micro."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.kit.errors import InvalidInputError
from wallets import money


@pytest.mark.parametrize(
    ("text", "micros"),
    [("10", 10_000_000), ("0.000001", 1), ("-1.5", -1_500_000), ("10.00", 10_000_000)],
)
def test_it_reads_exact_decimals(text: str, micros: int) -> None:
    assert money.parse(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ten",
        "1,000",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "0.0000001",
        "9" * 40,
        "1\x00",
        " ",
        "1_0",
        "1e3",
        "١",
    ],
)
def test_it_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        money.parse(text, field="amount_usd")

    assert refusal.value.errors[0]["pointer"] == "/amount_usd"


def test_it_refuses_a_fraction_of_a_cent() -> None:
    with pytest.raises(InvalidInputError, match="whole cents"):
        money.parse_cents("10.001")


@pytest.mark.parametrize(
    ("micros", "credits", "usd"),
    [
        (10_000 * money.MICRO, "10000", "10.00"),
        (50 * money.MICRO, "50", "0.05"),
        (1_750_000, "1.75", "0.00175"),
        (1, "0.000001", "0.000000001"),
        (-3 * money.MICRO, "-3", "-0.003"),
        (0, "0", "0.00"),
    ],
)
def test_it_shows_credits_with_their_dollars(micros: int, credits: str, usd: str) -> None:
    assert money.amount(micros) == {"credits": credits, "usd": usd}


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_its_text_reads_back_as_the_same_amount(micros: int) -> None:
    if abs(micros) < money.AMOUNT_MAX // money.MICRO:
        assert money.parse(money.text(micros)) == micros
    assert Decimal(money.text(micros)) * money.MICRO == micros


@given(st.integers(min_value=0, max_value=10**15), st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_shares_sum_to_the_whole_and_miss_their_part_by_less_than_a_micro(
    total: int, weights: list[int]
) -> None:
    if not sum(weights):
        with pytest.raises(ValueError, match="positive weights"):
            money.largest_remainder(total, weights)
        return

    parts = money.largest_remainder(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


def test_a_tie_goes_to_the_earlier_weight() -> None:
    assert money.largest_remainder(1, [1, 1]) == [1, 0]


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_dollars_of_credits_round_towards_zero(credits: int) -> None:
    usd = money.credits_to_usd(credits)

    exact = Fraction(credits * money.credit_value(), money.MICRO)
    assert abs(usd) <= abs(exact)
    assert abs(exact - usd) < 1
