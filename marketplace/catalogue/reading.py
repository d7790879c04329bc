"""Reads the file of one platform plan: tiers with entitlements, and what use costs."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from yaml.nodes import Node

from marketplace.catalogue.features import NAME, NAME_MEANING
from marketplace.catalogue.offers import EntitlementOffer, FeatureOffer, PlanOffer, TierOffer
from marketplace.listings import SLUG
from marketplace.manifest.document import ManifestError, compose
from marketplace.manifest.pricing import Rate
from marketplace.manifest.rates import QUANTITY_MAX, read_rates
from marketplace.manifest.reading import PRICE_USD_MAX, TIERS_MAX
from marketplace.manifest.values import Notes, join
from marketplace.models import Plan
from marketplace.terms import ZERO, Interval

PLAN_FIELDS: Final = (
    "slug",
    "name",
    "summary",
    "catalogue",
    "place",
    "self_service",
    "listed",
    "prices",
    "tiers",
)
PLAN_REQUIRED: Final = ("slug", "name", "summary", "catalogue", "tiers")
AMOUNTS: Final = ("price_usd", "credits_usd", "rollover_usd", "overdraft_usd", "spend_cap_usd")
TIER_FIELDS: Final = ("name", *AMOUNTS, "interval", "per_seat", "trial_days", "entitlements")
ENTITLEMENT_FIELDS: Final = ("feature", "included", "hard", "per_seat", "rollover")
SUMMARY: Final = re.compile(r"[^\x00-\x1f]{1,200}")
CATALOGUES: Final = tuple(value for value in Plan.Catalogue.values if value != Plan.Catalogue.AGENT)
PLACES_MAX: Final = Decimal(1_000)
TRIAL_DAYS_MAX: Final = Decimal(365)
QUOTA_PLACES: Final = 6
ENTITLEMENTS_MAX: Final = 100


def read_plan(text: str, *, features: Mapping[str, FeatureOffer]) -> PlanOffer:
    """Read a plan that sells known features; raise ManifestError with every problem found."""
    notes = Notes()
    top = notes.mapping(compose(text), "", known=("plan",), required=("plan",))
    plan = _plan(notes, top["plan"], features) if "plan" in top else None
    if notes.problems or plan is None:
        raise ManifestError(notes.problems)
    return plan


def _plan(notes: Notes, node: Node, features: Mapping[str, FeatureOffer]) -> PlanOffer:
    fields = notes.mapping(node, "", known=PLAN_FIELDS, required=PLAN_REQUIRED)
    place = notes.number(fields.get("place"), "place", places=0, most=PLACES_MAX)
    return PlanOffer(
        slug=notes.text(
            fields.get("slug"), "slug", pattern=SLUG, meaning="up to 60 small letters, digits and hyphens"
        ),
        name=notes.text(fields.get("name"), "name", pattern=NAME, meaning=NAME_MEANING),
        summary=notes.text(
            fields.get("summary"), "summary", pattern=SUMMARY, meaning="a sentence of up to 200 letters"
        ),
        catalogue=notes.choice(fields.get("catalogue"), "catalogue", CATALOGUES),
        place=int(place or 0),
        self_service=notes.flag(fields.get("self_service"), "self_service", default=True),
        listed=notes.flag(fields.get("listed"), "listed", default=True),
        prices=_prices(notes, fields.get("prices"), features),
        tiers=_tiers(notes, fields.get("tiers"), features),
    )


def _prices(notes: Notes, node: Node | None, features: Mapping[str, FeatureOffer]) -> tuple[Rate, ...]:
    rates = read_rates(notes, node, field="prices", of_period=True)
    metrics = {feature.metric for feature in features.values()}
    for rate in rates:
        if rate.metric not in metrics and node is not None:
            notes.add(node, "prices", f'"{rate.metric}" is the metric of no feature')
    return rates


def _tiers(notes: Notes, node: Node | None, features: Mapping[str, FeatureOffer]) -> tuple[TierOffer, ...]:
    tiers: dict[str, TierOffer] = {}
    for place, item in enumerate(notes.items(node, "tiers", most=TIERS_MAX)):
        tier = _tier(notes, item, f"tiers[{place}]", features)
        if tier.name in tiers:
            notes.add(item, f"tiers[{place}].name", f'"{tier.name}" is given twice')
        tiers[tier.name] = tier
    return tuple(tiers.values())


def _tier(notes: Notes, node: Node, path: str, features: Mapping[str, FeatureOffer]) -> TierOffer:
    fields = notes.mapping(node, path, known=TIER_FIELDS, required=("name", "price_usd"))
    usd = {
        name: notes.number(fields.get(name), join(path, name), places=2, most=PRICE_USD_MAX)
        for name in AMOUNTS
    }
    days = notes.number(fields.get("trial_days"), join(path, "trial_days"), places=0, most=TRIAL_DAYS_MAX)
    interval = notes.choice(fields.get("interval"), join(path, "interval"), [each.value for each in Interval])
    return TierOffer(
        name=notes.text(fields.get("name"), join(path, "name"), pattern=NAME, meaning=NAME_MEANING),
        price_usd=usd["price_usd"] or ZERO,
        interval=Interval(interval or Interval.MONTH),
        per_seat=notes.flag(fields.get("per_seat"), join(path, "per_seat"), default=False),
        trial_days=int(days or 0),
        credits_usd=usd["credits_usd"] or ZERO,
        rollover_usd=usd["rollover_usd"] or ZERO,
        overdraft_usd=usd["overdraft_usd"] or ZERO,
        spend_cap_usd=usd["spend_cap_usd"],
        entitlements=_entitlements(notes, fields.get("entitlements"), join(path, "entitlements"), features),
    )


def _entitlements(
    notes: Notes, node: Node | None, path: str, features: Mapping[str, FeatureOffer]
) -> tuple[EntitlementOffer, ...]:
    found: dict[str, EntitlementOffer] = {}
    for place, item in enumerate(notes.items(node, path, most=ENTITLEMENTS_MAX)):
        entitlement = _entitlement(notes, item, f"{path}[{place}]", features)
        if entitlement.feature in found:
            notes.add(item, f"{path}[{place}].feature", f'"{entitlement.feature}" is given twice')
        found[entitlement.feature] = entitlement
    return tuple(found.values())


def _entitlement(
    notes: Notes, node: Node, path: str, features: Mapping[str, FeatureOffer]
) -> EntitlementOffer:
    fields = notes.mapping(node, path, known=ENTITLEMENT_FIELDS, required=("feature",))
    slug = notes.text(fields.get("feature"), join(path, "feature"), pattern=SLUG, meaning="a feature's name")
    feature = features.get(slug)
    if slug and feature is None:
        notes.add(fields["feature"], join(path, "feature"), f'there is no feature "{slug}"')
    if feature is not None and not feature.metric and set(fields) != {"feature"}:
        notes.add(node, path, f'"{slug}" is there or not: it has no quantity')
    if feature is not None and feature.metric and not feature.quota and "rollover" in fields:
        notes.add(
            fields["rollover"], join(path, "rollover"), f'is for quotas: runs of "{slug}" take from none'
        )
    quantities = {
        name: notes.number(fields.get(name), join(path, name), places=QUOTA_PLACES, most=QUANTITY_MAX)
        for name in ("included", "rollover")
    }
    return EntitlementOffer(
        feature=slug,
        included=quantities["included"],
        hard=notes.flag(fields.get("hard"), join(path, "hard"), default=True),
        per_seat=notes.flag(fields.get("per_seat"), join(path, "per_seat"), default=False),
        rollover=quantities["rollover"] or ZERO,
    )
