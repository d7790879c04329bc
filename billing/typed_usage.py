"""Usage as people type it into a page: kept as typed, with what is wrong at its field."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from billing import rating
from config.kit.errors import InvalidInputError

NUMBER_LENGTH_MAX: Final = 40


def read(
    *, data: Mapping[str, str], metrics: Iterable[str], prefix: str = "usage-"
) -> tuple[dict[str, str], dict[str, str]]:
    """Read a quantity of each metric, nothing being 0; give what was typed, and the errors."""
    typed: dict[str, str] = {}
    errors: dict[str, str] = {}
    for metric in metrics:
        typed[metric] = data.get(f"{prefix}{metric}", "").strip()[:NUMBER_LENGTH_MAX] or "0"
        try:
            rating.check_quantity(metric=metric, quantity=Decimal(typed[metric]))
        except InvalidOperation:
            errors[metric] = "Type a number, such as 1000 or 2.5."
        except InvalidInputError as refusal:
            errors[metric] = f"It {refusal.errors[0]['detail']}."
    return typed, errors
