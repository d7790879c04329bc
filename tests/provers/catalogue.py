"""The agents of the provers: their prices and shares, and what a run of them costs and to whom it goes.

Rating and split are written a second time here, on plain integers, so that they can be compared with the product's.
"""

from dataclasses import dataclass
from typing import Final

from tests.provers.commands import Usage

ALICE, CAROL, SELF = 0, 1, 2
CREATORS: Final = (ALICE, CAROL, SELF)
# Prices are in 1e-12 credits, readings in thousandths: their product is 1e-9 micros.
PRICE_UNIT: Final = 10**12
UNIT: Final = 10**9
CREDIT: Final = 10**6
RANK: Final = {"plan": 0, "promo": 1, "bonus": 2, "adjustment": 3, "paid": 4, "overage": 5}
CLASS_RATES: Final = dict.fromkeys(RANK, 10000) | {"bonus": 5_000}

# A run is one request unless it says otherwise.
UNREAD: Final = {"request": 1000}

Cell = tuple[str, int | None, int]


def usd(credits: int, *, value: int = 1_000) -> int:
    """Convert credits to USD micros, towards zero."""
    return credits * value // CREDIT


@dataclass(frozen=True, slots=True)
class Priced:
    """An agent as the model knows it: its owner, what a metric costs, who earns how many basis points.

    `flat` is what a run costs whatever it used; it is then fixed prices that `shares` says, in micros of that.
    """

    name: str
    owner: int
    prices: tuple[tuple[str, int], ...]
    shares: tuple[tuple[int, int], ...]
    minimum: int = 0
    quantum: int = 1
    default_hold: int | None = None
    charges_failures: bool = False
    free: bool = False
    flat: int = 0

    def whole(self, cost: int) -> int:
        """Give what shares are parts of: basis points, or fixed prices of what the run cost."""
        return cost if self.flat else 10_000

    def cost(self, usage: Usage) -> int:
        """Give what a run is charged; a free one costs nothing whatever it used."""
        return 0 if self.free else self.rated(usage)

    def rated(self, usage: Usage) -> int:
        """Rate readings: the exact sum, rounded half up once, and never below the minimum; or the price of a run."""
        if self.flat:
            return self.flat
        readings = dict(usage)
        exact = sum([price * readings.get(metric, UNREAD.get(metric, 0)) for metric, price in self.prices])
        step = UNIT * self.quantum
        return max((2 * exact + step) // (2 * step) * self.quantum, self.minimum)


AGENTS: Final = (
    Priced("request", ALICE, (("request", 50 * PRICE_UNIT),), ((ALICE, 8_000),), default_hold=50 * CREDIT),
    Priced(
        "tokens",
        ALICE,
        (("input_tokens", PRICE_UNIT // 1000), ("output_tokens", 3 * PRICE_UNIT // 1000 + 7)),
        ((ALICE, 5_500), (CAROL, 2_433)),
        charges_failures=True,
    ),
    Priced(
        "minutes",
        CAROL,
        (("compute_minute", 17 * PRICE_UNIT // 10), ("request", PRICE_UNIT // 3)),
        ((CAROL, 1_999), (ALICE, 3_001), (SELF, 2_333)),
        minimum=2 * CREDIT,
        quantum=CREDIT // 2,
    ),
    Priced("free", CAROL, (), ((CAROL, 8_000),), free=True),
    Priced("own", SELF, (("request", 5 * PRICE_UNIT + 123_457),), ((SELF, 4_567), (ALICE, 1_111))),
    # $0.03, $0.02 and $0.02 on top of the platform's fifth of that.
    Priced(
        "on-top",
        ALICE,
        (),
        ((ALICE, 30 * CREDIT), (CAROL, 20 * CREDIT), (SELF, 20 * CREDIT)),
        flat=84 * CREDIT,
    ),
)


def split(amounts: dict[str, int], shares: tuple[tuple[int, int], ...], whole_bp: int = 10_000) -> list[Cell]:
    """Split a charge in cells of one largest remainder: the platform first at a tie, then burn order, then payees."""
    total = sum(amounts.values())
    if not total:
        return []
    names = sorted(amounts, key=RANK.__getitem__)
    whole = whole_bp * 10_000
    creators = sum([bp for _, bp in shares])
    cells: list[tuple[str, int | None]] = [(name, None) for name in names]
    weights = [amounts[name] * (whole - creators * CLASS_RATES[name]) for name in names]
    for name in names:
        rated = amounts[name] * CLASS_RATES[name]
        cells += [(name, creator) for creator, _ in shares]
        weights += [rated * bp for _, bp in shares]
    parts = [weight // whole for weight in weights]
    missing = total - sum(parts)
    if missing:
        for place in sorted(range(len(parts)), key=lambda n: -(weights[n] % whole))[:missing]:
            parts[place] += 1
    return [(name, creator, part) for (name, creator), part in zip(cells, parts, strict=True)]
