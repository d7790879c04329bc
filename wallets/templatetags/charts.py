"""What charts drawn without a style attribute need: rows for the table, places for the bar."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from django import template

FULL_BAR: Final = 100

register = template.Library()


@register.filter
def chart_rows(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give one row a label, with the value of each series."""
    for label, *values in zip(data["labels"], *(series["values"] for series in data["series"]), strict=True):
        yield {"label": label, "amounts": values}


@register.filter
def bars(parts: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Place parts that have a `party` and a `percent` one after the other on a bar of 100.

    Payment processing is a part of the platform's part, so it lies over the end of the bar.
    """
    start = Decimal(0)
    for part in parts:
        width = Decimal(part.percent)
        inside = part.party == "processing"
        yield {"party": part.party, "start": FULL_BAR - width if inside else start, "width": width}
        start += width
