"""Rating: what usage costs under a version's prices. Pure: numbers in, frozen values out."""

from billing.rating.charges import MINIMUM_LINE, REQUEST, ROUNDING_LINE, Line, Rated, Reading, rate
from billing.rating.quantities import check_quantity, counted

__all__ = [
    "MINIMUM_LINE",
    "REQUEST",
    "ROUNDING_LINE",
    "Line",
    "Rated",
    "Reading",
    "check_quantity",
    "counted",
    "rate",
]
