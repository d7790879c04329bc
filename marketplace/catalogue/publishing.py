"""From the catalogue's files to features, their agents, and versions of the platform's plans."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from djmoney.money import Money

from accounts import audit, customers
from marketplace import creators, listings, publishing
from marketplace.catalogue.features import read_features
from marketplace.catalogue.offers import FeatureOffer, Features, MeterOffer, PlanOffer, TierOffer
from marketplace.catalogue.reading import read_plan
from marketplace.defaults import WHOLE_BP
from marketplace.listings import Listing
from marketplace.manifest import ManifestError, Pricing, Problem, Rate, render
from marketplace.models import (
    Agent,
    Creator,
    Entitlement,
    Feature,
    Meter,
    Plan,
    PlanVersion,
    SubscriptionTier,
)
from marketplace.terms import ZERO, PricingModel
from wallets.money import MICRO, USD, cents_to_credits, credit_value

FOLDER: Final = Path(__file__).parent
FEATURES_FILE: Final = "features.yaml"
PLATFORM: Final = "Platform"


@dataclass(slots=True)
class Published:
    """What publishing the catalogue changed."""

    features: list[str] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)


def publish(*, actor: str, now: dt.datetime, folder: Path = FOLDER) -> Published:
    """Bring features and plans to what the files of a folder say; the same again changes nothing.

    A plan whose text changed gets a new version, in force from now; subscribers keep theirs. A plan without a file is
    offered no more. Raises ManifestError, which names file, line and field, before anything is changed.
    """
    features = _read_features(folder / FEATURES_FILE)
    plans = _read_plans(folder / "plans", features)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two deployments may publish at once: the second finds what the first wrote.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('marketplace_publish_catalogue'))")
        changed = Published()
        _write_features(features, changed, actor=actor, now=now)
        for offer, text in plans.values():
            _write_plan(offer, text, changed, actor=actor, now=now)
        _retire(plans, changed)
        if changed != Published():
            what = ", ".join([*changed.features, *changed.plans, *changed.retired])
            audit.acted(actor=actor, act="catalogue.publish", object_id="", reason=what, now=now)
    return changed


def platform_creator(*, now: dt.datetime) -> Creator:
    """Give the creator that the platform itself is, opening it at first."""
    found = Creator.objects.filter(is_platform=True).first()
    if found is None:
        _, email = parseaddr(settings.DEFAULT_FROM_EMAIL)
        # It sells the plans, and comes before them: nobody looks for one to give it.
        customer = customers.open_customer(name=PLATFORM, email=email, now=now, told=False)
        found = creators.open_creator(customer=customer, display_name=PLATFORM, now=now)
        Creator.objects.filter(pk=found.pk).update(is_platform=True)
    return found


def _read_features(file: Path) -> Features:
    try:
        return read_features(file.read_text(encoding="utf-8"))
    except ManifestError as error:
        raise _of_file(file, error) from error


def _read_plans(folder: Path, features: Features) -> dict[str, tuple[PlanOffer, str]]:
    known = {feature.slug: feature for feature in features.features}
    found: dict[str, tuple[PlanOffer, str]] = {}
    for file in sorted(folder.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        try:
            offer = read_plan(text, features=known)
        except ManifestError as error:
            raise _of_file(file, error) from error
        if offer.slug in found:
            raise ManifestError([Problem(None, f"{file.name}: slug", f'"{offer.slug}" is another plan\'s')])
        found[offer.slug] = (offer, text)
    return found


def _of_file(file: Path, error: ManifestError) -> ManifestError:
    return ManifestError([replace(each, field=f"{file.name}: {each.field}") for each in error.problems])


def _write_features(features: Features, changed: Published, *, actor: str, now: dt.datetime) -> None:
    creator = platform_creator(now=now)
    _write_meters(features.meters)
    meters = Meter.objects.in_bulk(field_name="slug")
    Feature.objects.bulk_create(
        [
            Feature(
                slug=offer.slug,
                name=offer.name,
                kind=Feature.Kind.METERED if offer.metric else Feature.Kind.BOOLEAN,
                metric=offer.metric,
                meter=meters.get(offer.meter),
                agent=_agent(creator, offer, changed, actor=actor, now=now) if offer.has_runs else None,
                unit_cost_usd=offer.cost_usd,
                quota_unit=offer.quota_unit,
            )
            for offer in features.features
        ],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=["name", "kind", "metric", "meter", "agent", "unit_cost_usd", "quota_unit"],
    )


def _write_meters(offers: Iterable[MeterOffer]) -> None:
    Meter.objects.bulk_create(
        [
            Meter(
                slug=offer.slug,
                name=offer.name,
                event_type=offer.event_type,
                aggregation=offer.aggregation,
                property=offer.property,
            )
            for offer in offers
        ],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=["name", "event_type", "aggregation", "property"],
    )


def _agent(
    creator: Creator, offer: FeatureOffer, changed: Published, *, actor: str, now: dt.datetime
) -> Agent:
    """Keep the unlisted agent whose runs are the use of a feature; nobody but the platform has a part of them."""
    agent = Agent.objects.filter(feature__slug=offer.slug).first()
    if agent is None:
        listing = Listing(name=offer.name, slug=offer.slug, summary=f"The platform's feature {offer.name}.")
        agent = listings.create(creator=creator, listing=listing, now=now)
        Agent.objects.filter(pk=agent.pk).update(listed=False, creator_share_bp=0)
    before = agent.plan.versions.count()
    publishing.publish(
        agent=agent, manifest=_manifest(offer), quota_unit=offer.quota_unit, actor=actor, now=now
    )
    if agent.plan.versions.count() > before:
        changed.features.append(offer.slug)
    return agent


def _manifest(offer: FeatureOffer) -> str:
    """Tell what a feature costs in credits, at what one is worth here."""
    credits_each = (offer.cost_usd or ZERO) * MICRO / credit_value()
    rate = Rate(offer.metric, credits_each)
    return render(Pricing(PricingModel.USAGE_BASED, rates=(rate,)))


def _write_plan(offer: PlanOffer, text: str, changed: Published, *, actor: str, now: dt.datetime) -> None:
    plan, _ = Plan.objects.update_or_create(
        slug=offer.slug,
        defaults={
            "name": offer.name,
            "summary": offer.summary,
            "catalogue": offer.catalogue,
            "place": offer.place,
            "listed": offer.listed,
            "self_service": offer.self_service,
        },
    )
    last = plan.versions.order_by("-number").first()
    if last is None or last.manifest != text:
        version = _write_version(plan, last, offer, text, actor=actor, now=now)
        changed.plans.append(f"{offer.slug} version {version.number}")


def _write_version(
    plan: Plan, last: PlanVersion | None, offer: PlanOffer, text: str, *, actor: str, now: dt.datetime
) -> PlanVersion:
    version = PlanVersion.objects.create(
        plan=plan,
        number=last.number + 1 if last else 1,
        pricing_model=PricingModel.SUBSCRIPTION,
        manifest=text,
        # Two servers' clocks may differ: a later version never comes into force before an earlier one.
        effective_from=max(now, last.effective_from) if last else now,
        platform_share_bp=WHOLE_BP,
        unit=USD,
        created_by=actor,
        created_at=now,
    )
    for rate in offer.prices:
        publishing.write_price(version, rate.terms())
    for tier in offer.tiers:
        _write_tier(version, tier)
    return version


def _write_tier(version: PlanVersion, offer: TierOffer) -> None:
    cap = offer.spend_cap_usd
    tier = SubscriptionTier.objects.create(
        version=version,
        name=offer.name,
        credits_per_month=cents_to_credits(int(offer.credits_usd * 100)),
        price_usd=Money(offer.price_usd, USD),
        interval=offer.interval,
        per_seat=offer.per_seat,
        trial_days=offer.trial_days,
        rollover_cap=cents_to_credits(int(offer.rollover_usd * 100)),
        overdraft=cents_to_credits(int(offer.overdraft_usd * 100)),
        spend_cap_cents=None if cap is None else int(cap * 100),
    )
    known = Feature.objects.in_bulk([each.feature for each in offer.entitlements], field_name="slug")
    Entitlement.objects.bulk_create(
        Entitlement(
            tier=tier,
            feature=known[each.feature],
            included=each.included,
            hard=each.hard,
            per_seat=each.per_seat,
            rollover_cap=each.rollover,
        )
        for each in offer.entitlements
    )


def _retire(plans: Collection[str], changed: Published) -> None:
    gone = Plan.objects.filter(slug__isnull=False, listed=True).exclude(slug__in=plans)
    changed.retired = [slug or "" for slug in gone.values_list("slug", flat=True)]
    gone.update(listed=False, self_service=False)
