from dataclasses import dataclass
from decimal import Decimal

from wallets.templatetags import charts


@dataclass(frozen=True)
class Part:
    party: str
    percent: str


def test_rows_have_the_value_of_each_series() -> None:
    data = {"labels": ["Mon", "Tue"], "series": [{"values": [1, 2]}, {"values": [3, 4]}]}

    assert list(charts.chart_rows(data)) == [
        {"label": "Mon", "amounts": [1, 3]},
        {"label": "Tue", "amounts": [2, 4]},
    ]


def test_bars_stand_one_after_the_other_and_processing_lies_inside_the_last() -> None:
    parts = [Part("creator", "80"), Part("platform", "20"), Part("processing", "5.9")]

    assert [(bar["start"], bar["width"]) for bar in charts.bars(parts)] == [
        (Decimal(0), Decimal(80)),
        (Decimal(80), Decimal(20)),
        (Decimal("94.1"), Decimal("5.9")),
    ]
