"""What is typed in the pricing form, right or wrong: texts, each at its place in the manifest.

An input is named by the path of what it says, such as `pricing.rates[0].bands[1].up_to`, which is how the manifest's
reader names its problems. So the reader judges the form too, and each problem finds its input.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from marketplace.manifest.pricing import OnTop, Payee, Pricing, Rate, Tier
from marketplace.manifest.rates import FIELDS as RATE_FIELDS
from marketplace.manifest.reading import FIELDS, RUNS
from marketplace.terms import PriceBand, PriceModel, PricingModel

ROOT: Final = "pricing"
RATES, TIERS, PAYEES, ON_TOP, BANDS = "rates", "subscription_tiers", "split", "on_top", "bands"
BANDED: Final = (PriceModel.GRADUATED, PriceModel.VOLUME)
RUN_FIELDS: Final = ("default_hold", "minimum", "quantum")
TIER_FIELDS: Final = ("name", "credits_per_month", "price_usd")
PATH: Final = re.compile(
    rf"{ROOT}\.(?:(?P<list>{RATES}|{TIERS}|{PAYEES}|{ON_TOP})\[(?P<place>[0-9]{{1,3}})\]\."
    rf"(?:{BANDS}\[(?P<band>[0-9]{{1,3}})\]\.)?)?(?P<name>[a-z_]{{1,20}})"
)

Texts = dict[str, str]


@dataclass(slots=True)
class Row:
    """One price, tier or payee; `bands` are of graduated and volume prices."""

    texts: Texts
    bands: list[Texts] = field(default_factory=list)

    @property
    def model(self) -> str:
        """Give the price model that was chosen."""
        return self.texts.get("model", PriceModel.PER_UNIT.value)


@dataclass(slots=True)
class Document:
    """A whole pricing form."""

    texts: Texts = field(default_factory=lambda: {"model": PricingModel.USAGE_BASED.value})
    rates: list[Row] = field(default_factory=list)
    tiers: list[Row] = field(default_factory=list)
    payees: list[Row] = field(default_factory=list)
    on_top: list[Row] = field(default_factory=list)

    @property
    def model(self) -> str:
        """Give the pricing model that was chosen."""
        return self.texts.get("model", "")

    def lists(self) -> dict[str, list[Row]]:
        """Give the lists by their names in the manifest."""
        return {RATES: self.rates, TIERS: self.tiers, PAYEES: self.payees, ON_TOP: self.on_top}

    @property
    def is_on_top(self) -> bool:
        """Tell whether creators have a fixed price of each run; rates and shares then rest unsaid."""
        return bool(self.on_top) and self.model == PricingModel.USAGE_BASED


def typed(*, data: Mapping[str, str]) -> Document:
    """Read a form's inputs; rows stand in the order of their numbers."""
    texts: Texts = {}
    rows: dict[str, dict[int, Texts]] = {RATES: {}, TIERS: {}, PAYEES: {}, ON_TOP: {}}
    bands: dict[int, dict[int, Texts]] = {}
    for key in data:
        if found := PATH.fullmatch(key):
            name, value = found["name"], str(data[key]).strip()
            if found["list"] is None:
                texts[name] = value
            elif found["band"] is None:
                rows[found["list"]].setdefault(int(found["place"]), {})[name] = value
            else:
                bands.setdefault(int(found["place"]), {}).setdefault(int(found["band"]), {})[name] = value
    made = {
        name: [
            Row(each[place], _ordered(bands.get(place, {})) if name == RATES else [])
            for place in sorted(each)
        ]
        for name, each in rows.items()
    }
    return Document(texts, made[RATES], made[TIERS], made[PAYEES], made[ON_TOP])


def of_pricing(*, pricing: Pricing) -> Document:
    """Write a manifest into a form."""
    texts = {"model": pricing.model.value} | _numbers(pricing, RUN_FIELDS)
    if pricing.rate_card:
        texts["rate_card"] = pricing.rate_card
    return Document(
        texts,
        [_rate_row(rate) for rate in pricing.rates],
        [_tier_row(tier) for tier in pricing.tiers],
        [_payee_row(payee) for payee in pricing.split],
        [_on_top_row(payee) for payee in pricing.on_top],
    )


def manifest(*, document: Document) -> str:
    """Write what was typed as a manifest for the reader to judge; JSON is YAML."""
    known = set(FIELDS.get(document.model, ()))  # type: ignore[call-overload]
    known -= {RATES, PAYEES} if document.is_on_top else {ON_TOP}
    said: dict[str, Any] = {
        name: text for name, text in document.texts.items() if text and name in ("model", *RUNS)
    }
    said |= {
        RATES: [_said_rate(row) for row in document.rates],
        TIERS: [_said(row.texts, TIER_FIELDS) for row in document.tiers],
        PAYEES: {row.texts.get("name", ""): row.texts.get("percent", "") for row in document.payees},
        ON_TOP: {row.texts.get("name", ""): row.texts.get("usd", "") for row in document.on_top},
    }
    fields = {name: value for name, value in said.items() if value and name in ("model", *known)}
    return json.dumps({ROOT: fields})


def inputs(*, document: Document) -> Texts:
    """Name every text by its input."""
    named = {f"{ROOT}.{name}": text for name, text in document.texts.items()}
    for list_name, rows in document.lists().items():
        for place, row in enumerate(rows):
            path = f"{ROOT}.{list_name}[{place}]"
            named |= {f"{path}.{name}": text for name, text in row.texts.items()}
            for number, band in enumerate(row.bands):
                named |= {f"{path}.{BANDS}[{number}].{name}": text for name, text in band.items()}
    return named


def plain(value: Decimal) -> str:
    """Write a number as one types it."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _ordered(bands: dict[int, Texts]) -> list[Texts]:
    return [bands[number] for number in sorted(bands)]


def _said(texts: Texts, names: Iterable[str]) -> Texts:
    return {name: texts[name] for name in names if texts.get(name)}


def _said_rate(row: Row) -> dict[str, Any]:
    known = RATE_FIELDS.get(row.model, ("model",))  # type: ignore[call-overload]
    said: dict[str, Any] = _said(row.texts, [name for name in known if name != "per" or row.model != "flat"])
    if row.model in BANDED:
        last = len(row.bands) - 1
        said[BANDS] = [
            # The last band has no end, whatever it said before another was taken away.
            _said(band, ("amount", "flat") if number == last else ("up_to", "amount", "flat"))
            for number, band in enumerate(row.bands)
        ]
    return said


def _numbers(source: object, names: Iterable[str]) -> Texts:
    return {name: plain(value) for name in names if (value := getattr(source, name)) is not None}


def _rate_row(rate: Rate) -> Row:
    texts = {"model": rate.model.value, "metric": rate.metric}
    texts |= {name: plain(value) for name in ("included", "minimum") if (value := getattr(rate, name))}
    return Row(texts | dict(_priced(rate)), [_band(band) for band in rate.bands])


def _priced(rate: Rate) -> Iterator[tuple[str, str]]:
    match rate.model:
        case PriceModel.PERCENTAGE:
            yield "percent", plain(rate.amount)
        case PriceModel.DYNAMIC:
            yield "least", plain(rate.least)
            yield "most", plain(rate.most)
        case PriceModel.FLAT:
            yield "amount", plain(rate.amount)
        case PriceModel.PER_UNIT | PriceModel.PACKAGE:
            yield "amount", plain(rate.amount)
            yield "per", str(rate.per)
        case PriceModel.GRADUATED | PriceModel.VOLUME:
            yield from ()


def _band(band: PriceBand) -> Texts:
    end = {} if band.up_to is None else {"up_to": plain(band.up_to)}
    flat = {"flat": plain(band.flat_price)} if band.flat_price else {}
    return end | {"amount": plain(band.unit_price)} | flat


def _tier_row(tier: Tier) -> Row:
    return Row({"name": tier.name} | _numbers(tier, ("credits_per_month", "price_usd")))


def _payee_row(payee: Payee) -> Row:
    return Row({"name": payee.name, "percent": plain(payee.percent)})


def _on_top_row(payee: OnTop) -> Row:
    return Row({"name": payee.name, "usd": plain(payee.usd)})
