"""The platform's own plans: what a version says, which one is in force, and who has agreed on what."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from config.kit.errors import NotFoundError
from marketplace.models import Agreement, Entitlement, Plan, PlanVersion, Price, SubscriptionTier
from marketplace.queries.versions import price_terms, tier_terms
from marketplace.terms import EntitlementTerms, PlanTerms

SLUG_MAX: Final = 60


class PlanNotFoundError(NotFoundError):
    """The platform has no such plan, or had none at that time."""

    code = "plan_not_found"
    title = "No such plan"


def plan_terms(*, slug: str, at: dt.datetime) -> PlanTerms:
    """Give what a platform plan says at a time; raise PlanNotFoundError."""
    known = "\x00" not in slug and len(slug) <= SLUG_MAX
    found = _read(_in_force(at).filter(plan__slug=slug)) if known else []
    if not found:
        raise PlanNotFoundError(f"There is no plan {slug!r}.")
    return found[0]


def plan_version_terms(*, version_id: int) -> PlanTerms:
    """Give what one version of a platform plan says, in force or not: a subscriber's own. Raise PlanNotFoundError."""
    found = _read(PlanVersion.objects.filter(pk=version_id, plan__slug__isnull=False))
    if not found:
        raise PlanNotFoundError(f"There is no version {version_id} of a plan.")
    return found[0]


def plans(*, at: dt.datetime) -> list[PlanTerms]:
    """Give the plans that everybody may see, in their order."""
    return _read(_in_force(at).filter(plan__listed=True))


def entitlement(*, tier_id: int, feature_id: int) -> EntitlementTerms | None:
    """Give what a tier allows of a feature; None where it does not."""
    rows = Entitlement.objects.filter(tier_id=tier_id, feature_id=feature_id).select_related("feature")
    return next(iter(_entitlements(rows)), None)


def agreement(*, customer_id: int, slug: str, at: dt.datetime) -> Agreement | None:
    """Give what a customer has agreed on over a plan at a time."""
    return agreements(customer_id=customer_id, at=at).filter(plan__slug=slug).first()


def agreements(*, customer_id: int, at: dt.datetime) -> QuerySet[Agreement]:
    """Give a customer's agreements at a time; of two over one plan the later comes first."""
    found = Agreement.objects.filter(customer_id=customer_id, starts_at__lte=at, ends_at__gt=at)
    return found.select_related("plan").order_by("-starts_at", "-id")


def _in_force(at: dt.datetime) -> QuerySet[PlanVersion]:
    newest = PlanVersion.objects.filter(plan=OuterRef("plan"), effective_from__lte=at)
    current = newest.order_by("-effective_from", "-number").values("pk")[:1]
    return PlanVersion.objects.filter(plan__slug__isnull=False, pk=Subquery(current))


def _read(found: QuerySet[PlanVersion]) -> list[PlanTerms]:
    entitlements = Entitlement.objects.select_related("feature").order_by("id")
    tiers = SubscriptionTier.objects.order_by("id").prefetch_related(
        Prefetch("entitlements", queryset=entitlements)
    )
    prices = Price.objects.order_by("id").prefetch_related("bands")
    rows = found.select_related("plan").prefetch_related(
        Prefetch("tiers", queryset=tiers), Prefetch("prices", queryset=prices)
    )
    return [_terms(version) for version in rows.order_by("plan__place", "plan__id")]


def _terms(version: PlanVersion) -> PlanTerms:
    plan: Plan = version.plan
    return PlanTerms(
        plan_id=plan.pk,
        slug=plan.slug or "",
        name=plan.name,
        summary=plan.summary,
        catalogue=plan.catalogue,
        listed=plan.listed,
        self_service=plan.self_service,
        version_id=version.pk,
        version=version.public_id,
        number=version.number,
        effective_from=version.effective_from,
        unit=version.unit,
        prices=tuple(price_terms(price) for price in version.prices.all()),
        tiers=tuple(
            tier_terms(tier, tuple(_entitlements(tier.entitlements.all()))) for tier in version.tiers.all()
        ),
    )


def _entitlements(rows: Iterable[Entitlement]) -> Iterable[EntitlementTerms]:
    for row in rows:
        yield EntitlementTerms(
            feature_id=row.feature_id,
            feature=row.feature.slug,
            name=row.feature.name,
            metric=row.feature.metric,
            unit=row.feature.quota_unit,
            included=row.included,
            hard=row.hard,
            per_seat=row.per_seat,
            rollover_cap=row.rollover_cap,
        )
