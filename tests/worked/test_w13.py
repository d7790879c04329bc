"""W13: packages at 0.01: 1,100 (1,000 paid + 100 bonus), 6,000 (5,000 + 1,000), 26,000 (20,000 + 6,000)."""

from decimal import Decimal
from typing import Any

import pytest

from billing.queries import purchase_pages

CREDIT = 1_000_000


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("slug", "expected"),
    [("starter", (1_000, 100)), ("growth", (5_000, 1_000)), ("scale", (20_000, 6_000))],
)
@pytest.mark.parametrize(("value", "times"), [("0.01", 1), ("0.001", 10)])
def test_a_package_brings_paid_and_bonus_credits(
    settings: Any, slug: str, expected: tuple[int, int], value: str, times: int
) -> None:
    settings.CREDIT_VALUE_USD = Decimal(value)

    package = next(each for each in purchase_pages.packages() if each.slug == slug)

    assert (package.paid, package.bonus) == tuple(part * times * CREDIT for part in expected)
    assert package.total == package.paid + package.bonus
