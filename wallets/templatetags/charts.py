"""What charts drawn without a style attribute need: rows for the table, places for the bar."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def chart_rows(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give one row a label, with the value of each series."""
    for label, *values in zip(data["labels"], *(series["values"] for series in data["series"]), strict=True):
        yield {"label": label, "amounts": values}


@register.filter
def bars(parts: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Place parts that have a `party` and a `percent` one after the other on a bar of 100."""
    start = 0
    for part in parts:
        yield {"party": part.party, "start": start, "width": part.percent}
        start += part.percent
