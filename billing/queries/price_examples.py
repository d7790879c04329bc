"""A price tried on a typed usage: each line with its reason, the total, and who gets what; nothing is written."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billing.queries import prices, run_pages
from billing.queries.run_pages import FormulaLine, Part
from billing.rating import REQUEST
from marketplace.defaults import WHOLE_BP, class_rates_bp
from marketplace.price_text import dollars
from marketplace.splits import split
from marketplace.terms import PriceModel, PriceTerms, VersionTerms
from wallets import money
from wallets.money import Micros

# What a card payment of $10 costs at 2.9 % and $0.30: the platform pays it from its part.
CARD_FEE_BP: Final = 590
PAID: Final = "paid"
GUESS_TOKENS: Final = "1000"
GUESS_AMOUNT: Final = "10000"
GUESS: Final = "10"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the example, and what it is worth."""

    formula: FormulaLine
    usd: Micros


@dataclass(frozen=True, slots=True)
class TierExample:
    """What a tier's credits pay for."""

    name: str
    price: str
    credits: Micros
    runs: int | None


@dataclass(frozen=True, slots=True)
class PriceExample:
    """What one such run costs."""

    amount: Micros
    usd: Micros
    lines: tuple[Line, ...]
    parts: tuple[Part, ...]
    tiers: tuple[TierExample, ...]


def example(
    *,
    terms: VersionTerms,
    usage: Mapping[str, Decimal],
    stated: Mapping[str, Decimal],
    model: str,
    at: dt.datetime,
) -> PriceExample:
    """Rate a usage as a settled run would be; raise what prices.rated raises."""
    rated = prices.rated(terms=terms, usage=usage, model=model, at=at, stated=stated)
    shown = run_pages.estimate(rated=rated)
    return PriceExample(
        amount=rated.amount,
        usd=money.credits_to_usd(rated.amount),
        lines=tuple(Line(line, money.credits_to_usd(line.amount)) for line in shown.lines),
        parts=tuple(_parts(terms, rated.amount)),
        tiers=tuple(
            TierExample(
                tier.name,
                dollars(tier.price_cents),
                tier.credits_per_month,
                tier.credits_per_month // rated.amount if rated.amount else None,
            )
            for tier in terms.tiers
        ),
    )


def guesses(*, terms: VersionTerms) -> dict[str, str]:
    """Give a usage to begin with: one that shows what each price does."""
    return {price.metric: _guess(price) for price in terms.prices}


def _guess(price: PriceTerms) -> str:
    if price.metric == REQUEST:
        return "1"
    if price.model is PriceModel.PERCENTAGE:
        return GUESS_AMOUNT
    ends = [band.up_to for band in price.bands if band.up_to is not None]
    if ends:
        # Half as much again as the last end: each band has its part.
        return f"{(ends[-1] * 3 / 2).normalize():f}"
    return GUESS_TOKENS if "token" in price.metric else GUESS


def _parts(terms: VersionTerms, amount: Micros) -> list[Part]:
    if not amount:
        return []
    cells = split(amounts=[(PAID, amount)], shares=terms.shares, class_rates=class_rates_bp(), cost=amount)
    amounts = {
        "creator": sum(cell.amount for cell in cells if cell.payee == terms.creator_id),
        "others": sum(cell.amount for cell in cells if cell.payee not in (None, terms.creator_id)),
        "platform": sum(cell.amount for cell in cells if cell.payee is None),
        "processing": amount * CARD_FEE_BP // WHOLE_BP,
    }
    return run_pages.parts(amounts=amounts, whole=amount)
