"""A platform plan in words: what it costs, what it includes, what comes on top. Prices are USD."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from marketplace.defaults import COMMITTED_DISCOUNTS
from marketplace.price_text import dollars, percent
from marketplace.terms import EntitlementTerms, Interval, PlanTerms, PriceModel, PriceTerms, TierTerms
from wallets.money import MICRO, credits_to_usd, text, usd_text

# A price below a fifth of a cent is told for a thousand, a million … units.
TOLD_MIN: Final = Decimal("0.002")
SCALE: Final = 1000
PER_MAX: Final = SCALE**4
BY_AGREEMENT: Final = "By agreement"


@dataclass(frozen=True, slots=True)
class Words:
    """What metrics are called, and which are levels: so many at a time, not so many a month."""

    nouns: Mapping[str, str]
    levels: frozenset[str] = frozenset()


def price(plan: PlanTerms, tier: TierTerms) -> str:
    """Tell a tier's fee."""
    if not plan.self_service:
        return BY_AGREEMENT
    nothing = "No fee" if plan.prices else "Free"
    return _dollars(tier) if tier.price_cents else nothing


def per(plan: PlanTerms, tier: TierTerms) -> str:
    """Tell what the fee is for."""
    return "" if not (plan.self_service and tier.price_cents) else f"{_seat(tier.per_seat)}a {tier.interval}"


def points(plan: PlanTerms, tier: TierTerms, words: Words) -> Iterator[str]:
    """Tell, in order, what a tier brings and what use costs."""
    yield from _brings(tier)
    for entitlement in tier.entitlements:
        if entitlement.included:
            yield included(entitlement, tier.interval, words)
    limits = {each.metric: each for each in tier.entitlements}
    for component in plan.prices:
        limit = limits.get(component.metric)
        yield from (above(line, limit) for line in charged(component, words))
        if component.minimum:
            yield f"{_usd(component.minimum)} for {_noun(component.metric, words)} at least"
    if tier.spend_cap_cents is not None:
        yield f"{dollars(tier.spend_cap_cents)} a {tier.interval} at most"
    if not plan.self_service:
        yield from commitments()


def _brings(tier: TierTerms) -> Iterator[str]:
    if tier.trial_days:
        yield f"{tier.trial_days} days to try it"
    if tier.credits_per_month:
        number = _grouped(text(tier.credits_per_month))
        yield f"{number} credits {_seat(tier.per_seat)}a {tier.interval}, worth {_worth(tier.credits_per_month)}"
    if tier.overdraft:
        yield f"With overage on, down to {_worth(tier.overdraft)} below zero, billed with the next {tier.interval}"


def included(entitlement: EntitlementTerms, interval: Interval, words: Words) -> str:
    """Tell what a period includes of a feature, and what follows."""
    number = f"{_number(entitlement.included or Decimal(0))} {_noun(entitlement.metric, words)}"
    if entitlement.metric in words.levels:
        return f"{number}, no more" if entitlement.hard else number
    after = ", then it stops" if entitlement.hard else ""
    rollover = entitlement.rollover_cap
    kept = f"; up to {_number(rollover)} roll over" if rollover else ""
    return f"{number} {_seat(entitlement.per_seat)}a {interval}{after}{kept}"


def quantity(entitlement: EntitlementTerms) -> str:
    """Tell how much a period includes of a feature, for a cell of a table."""
    number = _number(entitlement.included or Decimal(0))
    return f"{number} a seat" if entitlement.per_seat else number


def charged(component: PriceTerms, words: Words) -> Iterator[str]:
    """Tell what one component costs."""
    noun = _noun(component.metric, words)
    match component.model:
        case PriceModel.PER_UNIT:
            # What only limits, without a price, is told by its entitlement.
            yield from [_scaled(component.unit_price, noun)] if component.unit_price else []
        case PriceModel.PACKAGE:
            yield f"{_usd(component.unit_price)} for each {_number(component.package_size)} {noun} begun"
        case PriceModel.GRADUATED | PriceModel.VOLUME:
            yield from _bands(component, noun)
        case PriceModel.PERCENTAGE:
            yield f"{_number(component.unit_price * 100)} % of {noun}"
        case PriceModel.DYNAMIC:
            yield f"{_usd(component.least)} to {_usd(component.most)} per {_one(noun)}, as stated with its use"
        case PriceModel.FLAT:
            yield f"{_usd(component.unit_price)} for {noun}"


def above(line: str, limit: EntitlementTerms | None) -> str:
    """Tell a price that counts above what is included, and what it needs."""
    if limit is None or not limit.included:
        return line
    return f"Then {line}, with overage on" if limit.unit else f"Then {line}"


def commitments() -> Iterator[str]:
    """Tell what a commitment takes off."""
    for least, bp in reversed(COMMITTED_DISCOUNTS):
        yield f"{percent(bp)} % off from {least:,} committed a month"


def _bands(component: PriceTerms, noun: str) -> Iterator[str]:
    whole = "for all of it " if component.model is PriceModel.VOLUME else ""
    lower = Decimal(0)
    for band in component.bands:
        reach = f"above {_number(lower)}" if band.up_to is None else f"up to {_number(band.up_to)}"
        once = f" and {_usd(band.flat_price)} once" if band.flat_price else ""
        yield f"{_scaled(band.unit_price, noun)}{once}, {whole}{reach}"
        lower = band.up_to or lower


def _scaled(unit_price: Decimal, noun: str) -> str:
    times = 1
    while 0 < unit_price * times < TOLD_MIN and times < PER_MAX:
        times *= SCALE
    units = _one(noun) if times == 1 else f"{times:,} {noun}"
    return f"{_usd(unit_price * times)} per {units}"


def _worth(credits: int) -> str:
    return f"${_grouped(usd_text(credits_to_usd(credits) * MICRO))}"


def _usd(amount: Decimal) -> str:
    return f"${_grouped(usd_text(int(amount * MICRO * MICRO)))}"


def _dollars(tier: TierTerms) -> str:
    whole, cents = divmod(tier.price_cents, 100)
    return f"${whole:,}" if not cents else dollars(tier.price_cents)


def _seat(per_seat: bool) -> str:  # noqa: FBT001  (one word or none)
    return "a seat, " if per_seat else ""


def _noun(metric: str, words: Words) -> str:
    name = words.nouns.get(metric, metric.replace("_", " "))
    # GB-months stays as it is; Input tokens are told within a sentence.
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def _one(noun: str) -> str:
    return noun.removesuffix("s")


def _grouped(number: str) -> str:
    whole, point, digits = number.partition(".")
    return f"{int(whole):,}{point}{digits}"


def _number(value: Decimal) -> str:
    told = f"{value:,f}"
    return told.rstrip("0").rstrip(".") if "." in told else told
