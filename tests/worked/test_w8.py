"""W8: Pro, 5,600 executions: $3.00 overage; Free, the 101st run: blocked, with the reason."""

from decimal import Decimal

import pytest

from billing.periodic import total
from billing.rating.components import NOT_CHARGED
from tests.support.catalogue import DOLLAR, month, publish, told

pytestmark = pytest.mark.django_db


def test_600_executions_above_pros_5000_are_three_dollars() -> None:
    publish()

    lines = month("pro", {"execution": 5_600})

    assert told(lines) == [
        ("execution", Decimal(5_000), Decimal(0), "included", 0),
        ("execution", Decimal(600), Decimal("0.005"), "", 3 * DOLLAR),
    ]
    assert total(lines=lines) == 3 * DOLLAR


def test_without_consent_to_overage_nothing_is_charged_above_it() -> None:
    publish()

    lines = month("pro", {"execution": 5_600}, overage=False)

    assert total(lines=lines) == 0
    assert lines[-1].tier == NOT_CHARGED
