"""The split in SQL is the split in Python, to the micro."""

import json

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from marketplace.splits import CLASS_ORDER, split
from marketplace.terms import Share
from wallets.money import Micros

pytestmark = pytest.mark.django_db

AMOUNTS = st.integers(0, 60) | st.integers(0, 10**18)
CLASSES = st.dictionaries(st.sampled_from(CLASS_ORDER), AMOUNTS, min_size=1)
RATES = st.fixed_dictionaries({name: st.sampled_from([0, 3_333, 5_000, 10_000]) for name in CLASS_ORDER})


@st.composite
def shares(draw: st.DrawFn) -> list[Share]:
    """Draw payees in any order whose shares make at most a whole."""
    creators = draw(st.lists(st.integers(1, 10**6), unique=True, max_size=4))
    left, found = 10_000, []
    for creator in creators:
        bp = draw(st.integers(0, left))
        left -= bp
        if bp:
            found.append(Share(creator, bp))
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=CLASSES, payees=shares(), rates=RATES)
# One class and one payee take the short way: two halves of a micro, and one micro less.
@example(amounts={"paid": 1}, payees=[Share(7, 5_000)], rates=dict.fromkeys(CLASS_ORDER, 10_000))
@example(amounts={"bonus": 1}, payees=[Share(7, 9_999)], rates=dict.fromkeys(CLASS_ORDER, 5_000))
@example(amounts={"paid": 10**18}, payees=[Share(7, 1)], rates=dict.fromkeys(CLASS_ORDER, 3_333))
def test_sql_and_python_agree(amounts: dict[str, int], payees: list[Share], rates: dict[str, int]) -> None:
    _agree(amounts, payees, rates)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=CLASSES,
    rates=RATES,
    fixed=st.lists(st.integers(1, 10**9), min_size=1, max_size=4),
    data=st.data(),
)
def test_they_agree_on_prices_on_top(
    amounts: dict[str, int], rates: dict[str, int], fixed: list[int], data: st.DataObject
) -> None:
    payees = [Share(creator, fixed=Micros(part)) for creator, part in enumerate(fixed, 1)]
    # A run may be charged less than it cost, or more than one class of it.
    _agree(amounts, payees, rates, cost=sum(fixed) + data.draw(st.integers(0, 10**9)))


def _agree(amounts: dict[str, int], payees: list[Share], rates: dict[str, int], *, cost: int = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT billing_split(%s::jsonb, %s::jsonb, %s::jsonb, %s)",
            [
                json.dumps(amounts),
                json.dumps([[share.creator_id, share.fixed or share.share_bp] for share in payees]),
                json.dumps(rates),
                cost or 10_000,
            ],
        )
        found = [tuple(cell) for cell in json.loads(cursor.fetchone()[0])]
    expected = split(amounts=list(amounts.items()), shares=payees, class_rates=rates, cost=cost)
    cells = [(cell.funding_class, cell.payee, cell.amount) for cell in expected]
    if sum(amounts.values()):
        assert found == cells
        assert sum(amount for *_, amount in found) == sum(amounts.values())
    else:
        assert found == []
