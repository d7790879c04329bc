"""W9: Team of 3 seats, 80,000 executions: 5,000 over, $15.00."""

from decimal import Decimal

import pytest

from billing.periodic import period_cost, total
from tests.support.catalogue import DOLLAR, month, offer, publish, told

pytestmark = pytest.mark.django_db


def test_three_seats_share_what_they_bring() -> None:
    publish()

    lines = month("team", {"execution": 80_000}, seats=3)

    assert told(lines) == [
        ("execution", Decimal(75_000), Decimal(0), "included", 0),
        ("execution", Decimal(5_000), Decimal("0.003"), "", 15 * DOLLAR),
    ]
    assert total(lines=lines) == 15 * DOLLAR


def test_the_month_costs_three_seats_and_the_overage() -> None:
    publish()

    whole = period_cost(offer=offer("team"), quantities={"execution": Decimal(80_000)}, seats=3)

    assert whole == (3 * 25 + 15) * DOLLAR
