"""From YAML nodes to Pricing: the fields of the manifest and what each may hold."""

import re
from decimal import Decimal
from typing import Final

from yaml.nodes import MappingNode, Node

from config.kit import ids
from marketplace.manifest.document import ManifestError, Problem, compose
from marketplace.manifest.pricing import CURRENCY, OnTop, Payee, Pricing, Tier
from marketplace.manifest.rates import read_rates
from marketplace.manifest.values import CREDIT_PLACES, CREDITS_MAX, Notes, join, shown
from marketplace.terms import PricingModel

SHARED: Final = ("model", "currency")
RUNS: Final = ("rates", "rate_card", "default_hold", "minimum", "quantum", "split")
FIELDS: Final[dict[PricingModel, tuple[str, ...]]] = {
    PricingModel.USAGE_BASED: (*SHARED, *RUNS, "on_top"),
    PricingModel.SUBSCRIPTION: (*SHARED, "subscription_tiers", *RUNS),
    PricingModel.FREE: SHARED,
}
REQUIRED: Final[dict[PricingModel, tuple[str, ...]]] = {
    PricingModel.USAGE_BASED: (),
    PricingModel.SUBSCRIPTION: ("subscription_tiers",),
    PricingModel.FREE: (),
}
SLUG: Final = re.compile(r"[a-z0-9-]{1,40}")
TIER_NAME: Final = re.compile(r"(?=.{1,60}\Z)[^\W_][\w .+-]*")
CREATOR: Final = re.compile(ids.CREATOR + f"[{ids.ALPHABET}]{{{ids.LENGTH}}}")
TIERS_MAX: Final = 20
PAYEES_MAX: Final = 20
# F13: a fixed price of a creator, and all of them together.
ON_TOP_MIN: Final = Decimal("0.01")
ON_TOP_MAX: Final = Decimal("0.50")
# Stripe takes no card payment below 50 cents.
PRICE_USD_MIN: Final = Decimal("0.50")
PRICE_USD_MAX: Final = Decimal("99999.99")
QUANTUM_MIN: Final = Decimal("0.000001")


def parse(text: str) -> Pricing:
    """Read a manifest; raise ManifestError with every problem found."""
    notes = Notes()
    whole = compose(text)
    if not isinstance(whole, MappingNode):
        raise ManifestError([Problem(1, "pricing", "is missing: a manifest begins with pricing:")])
    top = notes.mapping(whole, "", known=("pricing",), required=("pricing",))
    pricing = _pricing(notes, top["pricing"]) if "pricing" in top else None
    if notes.problems or pricing is None:
        raise ManifestError(notes.problems)
    return pricing


def _pricing(notes: Notes, node: Node) -> Pricing | None:
    if not isinstance(node, MappingNode):
        notes.add(node, "pricing", "must be a mapping of fields")
        return None
    model = _model(notes, Notes().mapping(node, "", known=None).get("model"))
    if model is None:
        notes.mapping(node, "", known=FIELDS[PricingModel.SUBSCRIPTION], required=("model",))
        return None
    fields = notes.mapping(node, "", known=FIELDS[model], required=REQUIRED[model])
    currency = re.compile(CURRENCY)
    notes.text(fields.get("currency"), "currency", pattern=currency, meaning=f'"{CURRENCY}"')
    pricing = Pricing(
        model=model,
        rates=read_rates(notes, fields.get("rates")),
        rate_card=notes.text(
            fields.get("rate_card"), "rate_card", pattern=SLUG, meaning="the name of a rate card"
        ),
        tiers=_tiers(notes, fields.get("subscription_tiers")),
        default_hold=_credits(notes, fields.get("default_hold"), "default_hold", least=QUANTUM_MIN),
        minimum=_credits(notes, fields.get("minimum"), "minimum"),
        quantum=_credits(notes, fields.get("quantum"), "quantum", least=QUANTUM_MIN),
        split=_split(notes, fields.get("split")),
        on_top=_on_top(notes, fields),
    )
    if model is PricingModel.USAGE_BASED and not {"rates", "rate_card", "on_top"} & set(fields):
        notes.add(node, "rates", "is missing")
    _check_amounts(notes, pricing, fields)
    return pricing


def _model(notes: Notes, node: Node | None) -> PricingModel | None:
    names = "|".join(model.value for model in PricingModel)
    meaning = " or ".join(f'"{model.value}"' for model in PricingModel)
    name = notes.text(node, "model", pattern=re.compile(names), meaning=meaning)
    return PricingModel(name) if name else None


def _tiers(notes: Notes, node: Node | None) -> tuple[Tier, ...]:
    tiers: dict[str, Tier] = {}
    for place, item in enumerate(notes.items(node, "subscription_tiers", most=TIERS_MAX)):
        path = f"subscription_tiers[{place}]"
        tier = _tier(notes, item, path)
        if tier and tier.name in tiers:
            notes.add(item, join(path, "name"), f'"{tier.name}" is given twice')
        elif tier:
            tiers[tier.name] = tier
    return tuple(tiers.values())


def _tier(notes: Notes, node: Node, path: str) -> Tier | None:
    known = ("name", "credits_per_month", "price_usd")
    fields = notes.mapping(node, path, known=known, required=known)
    name = notes.text(
        fields.get("name"),
        join(path, "name"),
        pattern=TIER_NAME,
        meaning="a name of up to 60 letters or digits",
    )
    granted = _credits(
        notes, fields.get("credits_per_month"), join(path, "credits_per_month"), least=QUANTUM_MIN
    )
    price = notes.number(
        fields.get("price_usd"), join(path, "price_usd"), places=2, least=PRICE_USD_MIN, most=PRICE_USD_MAX
    )
    return Tier(name, granted, price) if name and granted is not None and price is not None else None


def _split(notes: Notes, node: Node | None) -> tuple[Payee, ...]:
    if node is None:
        return ()
    payees = []
    for name, value in notes.mapping(node, "split", known=None).items():
        if name != "platform":
            _check_payee(notes, value, join("split", shown(name)), name, "creator, platform")
        percent = notes.number(value, join("split", shown(name)), places=2, most=Decimal(100))
        payees.append(Payee(name, percent or Decimal(0)))
    _check_split(notes, node, payees)
    return tuple(payees)


def _check_split(notes: Notes, node: Node, payees: list[Payee]) -> None:
    total = sum((payee.percent for payee in payees), Decimal(0))
    if not 0 < len(payees) <= PAYEES_MAX:
        notes.add(node, "split", f"must name 1 to {PAYEES_MAX} payees")
    elif total > 100 or (total != 100 and any(payee.name == "platform" for payee in payees)):
        notes.add(node, "split", f"makes {total} %; with the platform's part it must make 100")


def _on_top(notes: Notes, fields: dict[str, Node]) -> tuple[OnTop, ...]:
    node = fields.get("on_top")
    if node is None:
        return ()
    payees = []
    for name, value in notes.mapping(node, "on_top", known=None).items():
        path = join("on_top", shown(name))
        _check_payee(notes, value, path, name, "creator")
        usd = notes.number(value, path, places=2, least=ON_TOP_MIN, most=ON_TOP_MAX)
        payees.append(OnTop(name, usd or Decimal(0)))
    total = sum((payee.usd for payee in payees), Decimal(0))
    if not 0 < len(payees) <= PAYEES_MAX:
        notes.add(node, "on_top", f"must name 1 to {PAYEES_MAX} payees")
    elif total > ON_TOP_MAX and all(payee.usd <= ON_TOP_MAX for payee in payees):
        notes.add(node, "on_top", f"makes ${total:.2f}; together creators have ${ON_TOP_MAX} a run at most")
    for other in {"rates", "split"} & set(fields):
        notes.add(fields[other], other, "is not for a price on top: the platform's own comes under it")
    return tuple(payees)


def _check_payee(notes: Notes, value: Node, path: str, name: str, words: str) -> None:
    if name != "creator" and not CREATOR.fullmatch(name):
        notes.add(value, path, f"must be {words} or a creator's id (cre_…)")


def _credits(notes: Notes, node: Node | None, field: str, *, least: Decimal = Decimal(0)) -> Decimal | None:
    return notes.number(node, field, places=CREDIT_PLACES, least=least, most=CREDITS_MAX)


def _check_amounts(notes: Notes, pricing: Pricing, fields: dict[str, Node]) -> None:
    minimum, quantum = pricing.minimum or Decimal(0), pricing.quantum or QUANTUM_MIN
    if minimum % quantum:
        notes.add(fields["minimum"], "minimum", f"must be a multiple of the quantum, {quantum:f}")
    if pricing.default_hold is not None and pricing.default_hold < minimum:
        notes.add(fields["default_hold"], "default_hold", f"must be at least the minimum, {minimum:f}")
