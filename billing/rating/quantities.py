"""Which quantities a run may report."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from billing.rating.exact import EXACT
from config.kit.errors import InvalidInputError
from wallets.money import MICRO

QUANTITY_MAX: Final = Decimal(10**12)
QUANTITY_PLACES: Final = 9
DIGITS_MAX: Final = 50
ONE: Final = Decimal(1)
METRICS_MAX: Final = 100
METRIC: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,59}")


def check_quantity(*, metric: str, quantity: Decimal) -> Decimal:
    """Return a quantity that a run may report; raise InvalidInputError for any other."""
    if not METRIC.fullmatch(metric):
        raise InvalidInputError.of("usage", "names its metrics with up to 60 letters, digits, _, . and -")
    if not quantity.is_finite():
        raise InvalidInputError.of(f"usage/{metric}", "must be finite")
    if quantity < 0:
        raise InvalidInputError.of(f"usage/{metric}", "must be 0 or more")
    if quantity > QUANTITY_MAX:
        raise InvalidInputError.of(f"usage/{metric}", f"must be {QUANTITY_MAX} or less")
    if len(quantity.as_tuple().digits) > DIGITS_MAX:
        raise InvalidInputError.of(f"usage/{metric}", f"has more than {DIGITS_MAX} digits")
    if -int(EXACT.normalize(quantity).as_tuple().exponent) > QUANTITY_PLACES:
        raise InvalidInputError.of(f"usage/{metric}", f"has more than {QUANTITY_PLACES} decimal places")
    return quantity


def counted(*, unit: str, usage: Mapping[str, Decimal] | None) -> int:
    """Give what a run takes of a quota, in micros of its unit, rounding down: what is read of it, else one."""
    quantity = (usage or {}).get(unit.lower(), ONE)
    return int(quantity * MICRO)
