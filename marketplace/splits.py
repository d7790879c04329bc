"""Who gets what of one charge: one largest remainder over every class and payee (ledger.md rule 14).

A cell is a funding class and a payee. A creator's cell weighs amount x share x the class's rate; the
platform's cell of that class has the rest. The share of a fixed price is what it is of the run's cost: a run that is
charged less than it cost pays each its part of what it did. Micros left over go to the largest remainders; at a tie the
platform comes first, then the classes in burn order, then the payees as the version lists them. Billing's SQL
does the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from marketplace.defaults import WHOLE_BP
from marketplace.terms import Share
from wallets.money import Micros, largest_remainder

CLASS_ORDER: Final = ("plan", "promo", "bonus", "adjustment", "paid", "overage")


@dataclass(frozen=True, slots=True)
class Cell:
    """A payee's part of what one funding class paid; payee None is the platform."""

    funding_class: str
    payee: int | None
    amount: Micros


def split(
    *,
    amounts: Sequence[tuple[str, int]],
    shares: Sequence[Share],
    class_rates: Mapping[str, int],
    cost: int = 0,
) -> tuple[Cell, ...]:
    """Split a charge exactly: the cells sum to the charge, each within a micro of its exact part.

    `cost` is what the run cost, whatever was charged of it; fixed prices are parts of that.
    """
    by_class = _by_class(amounts)
    fixed = any(share.fixed for share in shares)
    parts_of = [share.fixed if fixed else share.share_bp for share in shares]
    whole, creators = max(cost, sum(parts_of)) if fixed else WHOLE_BP, sum(parts_of)
    if creators > whole or min(parts_of, default=0) < 0:
        raise ValueError("shares must be positive and make at most a whole")
    keys: list[tuple[str, int | None]] = [(name, None) for name in by_class]
    weights = [
        amount * (whole * WHOLE_BP - creators * class_rates[name]) for name, amount in by_class.items()
    ]
    for name, amount in by_class.items():
        keys += [(name, share.creator_id) for share in shares]
        weights += [amount * part * class_rates[name] for part in parts_of]
    total = sum(by_class.values())
    parts = largest_remainder(total, weights) if total else [0] * len(weights)
    return tuple(Cell(name, payee, Micros(part)) for (name, payee), part in zip(keys, parts, strict=True))


def _by_class(amounts: Sequence[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, amount in amounts:
        if amount < 0:
            raise ValueError("a charge is 0 or more")
        sums[name] = sums.get(name, 0) + amount
    return {name: sums[name] for name in sorted(sums, key=CLASS_ORDER.index)}
