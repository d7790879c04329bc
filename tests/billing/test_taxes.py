"""The tax step: by country, half up, none where the table is silent."""

from decimal import Decimal

import pytest

from billing import taxes

RATES = {"DE": Decimal(19), "CH": Decimal("8.1")}


@pytest.mark.parametrize(
    ("base", "country", "cents"),
    [
        (1_000, "DE", 190),
        (1_050, "DE", 200),
        (1_000, "CH", 81),
        (1_000, "US", 0),
        (1_000, "", 0),
        (-500, "DE", 0),
    ],
)
def test_it_taxes_half_up(base: int, country: str, cents: int) -> None:
    assert taxes.tax(base_cents=base, country=country, rates=RATES).cents == cents


@pytest.mark.parametrize(("gross", "inside"), [(1_190, 190), (595, 95), (1, 0), (0, 0)])
def test_a_part_has_its_part_of_the_tax(gross: int, inside: int) -> None:
    assert taxes.inside(gross_cents=gross, total_cents=1_190, tax_cents=190) == inside


def test_nothing_is_inside_of_nothing() -> None:
    assert taxes.inside(gross_cents=0, total_cents=0, tax_cents=0) == 0
