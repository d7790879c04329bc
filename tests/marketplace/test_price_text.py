"""price_text: prices as people read them."""

from decimal import Decimal

import pytest

from marketplace import price_text, queries
from marketplace.price_editor import samples
from marketplace.terms import PriceBand, PriceModel, PriceTerms
from tests.support.market import for_sale
from tests.support.people import MONDAY

PER_UNIT = PriceModel.PER_UNIT
BANDS = (PriceBand(Decimal(10), Decimal(5)), PriceBand(None, Decimal(3), Decimal(1)))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("manifest", "line"),
    [
        (samples.PER_REQUEST, "50 credits per request"),
        (samples.PER_THOUSAND_TOKENS, "1 credit per 1,000 input tokens + 3 credits per 1,000 output tokens"),
        (samples.SUBSCRIPTION, "from $9.99 a month"),
        (samples.FREE, "Free"),
    ],
)
def test_it_tells_a_price_in_one_line(manifest: str, line: str) -> None:
    for_sale("agent", manifest)

    assert price_text.price_line(queries.terms(agent="agent", at=MONDAY)) == line


@pytest.mark.parametrize(
    ("price", "line", "usd"),
    [
        (PriceTerms(PER_UNIT, "compute_minute", Decimal(10)), "10 credits per compute minute", "$0.01"),
        (PriceTerms(PER_UNIT, "tokens", Decimal("0.0000005")), "0.5 credits per 1,000,000 tokens", "$0.0005"),
        (PriceTerms(PriceModel.FLAT, "run", Decimal("1.50")), "1.5 credits per run", "$0.0015"),
        (PriceTerms(PER_UNIT, "request", Decimal(0)), "0 credits per request", "$0.00"),
        (PriceTerms(PER_UNIT, "request", Decimal("1234567.0")), "1,234,567 credits per request", "$1,234.567"),
    ],
)  # fmt: skip
def test_it_tells_each_component(price: PriceTerms, line: str, usd: str) -> None:
    (told,) = price_text.component(price)

    assert (str(told), told.usd) == (line, usd)


@pytest.mark.parametrize(
    ("price", "lines"),
    [
        (
            PriceTerms(PriceModel.GRADUATED, "pages", bands=BANDS),
            ["5 credits per page, up to 10", "3 credits per page, above 10", "1 credit once, above 10"],
        ),
        (
            PriceTerms(PriceModel.VOLUME, "pages", bands=BANDS),
            [
                "5 credits per page, all of up to 10",
                "3 credits per page, all of above 10",
                "1 credit once, all of above 10",
            ],
        ),
        (
            PriceTerms(PriceModel.PACKAGE, "page", Decimal(20), package_size=Decimal(100)),
            ["20 credits for each 100 pages begun"],
        ),
        (PriceTerms(PriceModel.PERCENTAGE, "order_value", Decimal("0.025")), ["2.5 % of order value"]),
        (
            PriceTerms(PriceModel.DYNAMIC, "api_call", least=Decimal(1), most=Decimal(10)),
            ["1 to 10 credits per api call, as stated with its use"],
        ),
        (
            PriceTerms(PER_UNIT, "page", Decimal(2), included=Decimal(1000), minimum=Decimal(7)),
            ["0 credits for the first 1,000 pages", "2 credits per page", "7 credits for page at least"],
        ),
    ],
)
def test_it_tells_what_is_included_every_band_and_the_least(price: PriceTerms, lines: list[str]) -> None:
    assert [str(line) for line in price_text.component(price)] == lines
