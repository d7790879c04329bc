"""Splits against exact fractions: nothing lost, nothing more than a micro off, ties as written."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from marketplace.defaults import CLASS_RATES_BP
from marketplace.splits import CLASS_ORDER, split
from marketplace.terms import Share

AMOUNTS = st.lists(st.tuples(st.sampled_from(CLASS_ORDER), st.integers(0, 10**15)), max_size=8)
RATES = st.fixed_dictionaries({name: st.integers(0, 10_000) for name in CLASS_ORDER})


@st.composite
def share_lists(draw: st.DrawFn) -> list[Share]:
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), max_size=5, unique=True)))
    return [Share(number, high - low) for number, (low, high) in enumerate(pairwise(cuts), 1)]


@given(amounts=AMOUNTS, shares=share_lists(), rates=RATES)
def test_the_cells_make_the_charge_and_each_is_within_a_micro_of_its_part(
    amounts: list[tuple[str, int]], shares: list[Share], rates: dict[str, int]
) -> None:
    cells = split(amounts=amounts, shares=shares, class_rates=rates)

    assert sum(cell.amount for cell in cells) == sum(amount for _, amount in amounts)
    by_class = {name: sum(a for n, a in amounts if n == name) for name, _ in amounts}
    share_of = {share.creator_id: share.share_bp for share in shares}
    for cell in cells:
        assert cell.amount >= 0
        rate = Fraction(rates[cell.funding_class], 10_000)
        if cell.payee is None:
            part = 1 - Fraction(sum(share_of.values()), 10_000) * rate
        else:
            part = Fraction(share_of[cell.payee], 10_000) * rate
        assert abs(cell.amount - by_class[cell.funding_class] * part) < 1


@given(amounts=AMOUNTS, shares=share_lists(), data=st.data())
def test_the_order_in_which_grants_burned_does_not_matter(
    amounts: list[tuple[str, int]], shares: list[Share], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(amounts))

    first = split(amounts=amounts, shares=shares, class_rates=CLASS_RATES_BP)

    assert split(amounts=shuffled, shares=shares, class_rates=CLASS_RATES_BP) == first


@given(amount=st.integers(0, 10**15))
def test_a_single_class_at_eighty_percent_never_costs_the_platform_a_micro(amount: int) -> None:
    cells = split(amounts=[("paid", amount)], shares=[Share(1, 8_000)], class_rates=CLASS_RATES_BP)

    platform = next(cell.amount for cell in cells if cell.payee is None)
    assert platform * 5 - amount in (-2, -1, 0, 1, 2)
