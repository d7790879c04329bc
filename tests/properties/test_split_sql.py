"""The split in SQL is the split in Python, to the micro."""

import json

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from marketplace.splits import CLASS_ORDER, split
from marketplace.terms import Share

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
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT billing_split(%s::jsonb, %s::jsonb, %s::jsonb)",
            [
                json.dumps(amounts),
                json.dumps([[share.creator_id, share.share_bp] for share in payees]),
                json.dumps(rates),
            ],
        )
        found = [tuple(cell) for cell in json.loads(cursor.fetchone()[0])]
    expected = split(amounts=list(amounts.items()), shares=payees, class_rates=rates)
    cells = [(cell.funding_class, cell.payee, cell.amount) for cell in expected]
    if sum(amounts.values()):
        assert found == cells
        assert sum(amount for *_, amount in found) == sum(amounts.values())
    else:
        assert found == []
