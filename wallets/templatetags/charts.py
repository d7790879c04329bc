"""What a chart's table needs: its series turned into rows."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def chart_rows(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give one row a label, with the value of each series."""
    for label, *values in zip(
        data["labels"], *(series["values"] for series in data["series"]), strict=True
    ):
        yield {"label": label, "amounts": values}
