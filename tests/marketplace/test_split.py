"""splits.split: who gets what of one charge."""

import pytest

from marketplace.defaults import CLASS_RATES_BP
from marketplace.splits import Cell, split
from marketplace.terms import Share
from wallets.money import MICRO, Micros

ALICE, CAROL = 7, 8
EIGHTY = [Share(ALICE, 8000)]


def parts(amounts: list[tuple[str, int]], shares: list[Share]) -> dict[tuple[str, int | None], int]:
    cells = split(amounts=amounts, shares=shares, class_rates=CLASS_RATES_BP)
    return {(cell.funding_class, cell.payee): cell.amount for cell in cells}


def test_it_gives_eighty_of_a_hundred_to_the_creator() -> None:
    cells = split(amounts=[("paid", 100 * MICRO)], shares=EIGHTY, class_rates=CLASS_RATES_BP)

    assert cells == (Cell("paid", None, Micros(20 * MICRO)), Cell("paid", ALICE, Micros(80 * MICRO)))


def test_it_gives_half_the_share_of_a_bonus_credit() -> None:
    found = parts([("bonus", 100 * MICRO), ("paid", 100 * MICRO)], EIGHTY)

    assert found["bonus", ALICE] == 40 * MICRO
    assert found["paid", ALICE] == 80 * MICRO
    assert found["bonus", None] == 60 * MICRO


def test_it_splits_among_several_payees() -> None:
    found = parts([("paid", 1_000_000)], [Share(ALICE, 5000), Share(CAROL, 2500)])

    assert found == {("paid", None): 250_000, ("paid", ALICE): 500_000, ("paid", CAROL): 250_000}


def test_the_platform_wins_a_tie() -> None:
    assert parts([("paid", 1)], [Share(ALICE, 5000)]) == {("paid", None): 1, ("paid", ALICE): 0}


def test_at_a_tie_of_payees_the_first_of_the_version_wins() -> None:
    found = parts([("paid", 1)], [Share(CAROL, 5000), Share(ALICE, 5000)])

    assert (found["paid", CAROL], found["paid", ALICE]) == (1, 0)


def test_at_a_tie_of_classes_the_one_that_burns_first_wins() -> None:
    found = parts([("paid", 1), ("plan", 1)], [Share(ALICE, 10_000)])
    thirds = parts([("paid", 1), ("plan", 1)], [Share(ALICE, 4000), Share(CAROL, 4000)])

    assert (found["plan", ALICE], found["paid", ALICE]) == (1, 1)
    assert (thirds["plan", ALICE], thirds["plan", CAROL], thirds["paid", ALICE]) == (1, 1, 0)


def test_it_loses_no_micro_over_three_classes() -> None:
    found = parts([("plan", 3), ("bonus", 3), ("paid", 1)], EIGHTY)

    assert sum(found.values()) == 7


def test_it_splits_nothing_into_nothing() -> None:
    assert parts([("paid", 0)], EIGHTY) == {("paid", None): 0, ("paid", ALICE): 0}
    assert parts([], EIGHTY) == {}


@pytest.mark.parametrize(
    "shares", [[Share(ALICE, 10_001)], [Share(ALICE, 6000), Share(CAROL, 5000)], [Share(ALICE, -1)]]
)
def test_it_refuses_shares_that_make_more_than_a_whole(shares: list[Share]) -> None:
    with pytest.raises(ValueError, match="at most a whole"):
        split(amounts=[("paid", 1)], shares=shares, class_rates=CLASS_RATES_BP)


def test_it_refuses_a_negative_charge() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        split(amounts=[("paid", -1)], shares=EIGHTY, class_rates=CLASS_RATES_BP)
