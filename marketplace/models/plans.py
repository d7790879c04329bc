from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from djmoney.models.fields import MoneyField

from config.kit import ids
from marketplace.models.agents import Agent
from marketplace.models.creators import Creator
from marketplace.models.rate_cards import RateCard
from marketplace.terms import Overage, PaymentTerm, PriceModel, PricingModel


def new_plan_id() -> str:
    """Make a plan's public id."""
    return ids.new(ids.PLAN)


def new_version_id() -> str:
    """Make a plan version's public id."""
    return ids.new(ids.PLAN_VERSION)


class Plan(models.Model):
    """A price list: an agent's, or the platform's own. What it says is in its versions."""

    class Catalogue(models.TextChoices):
        AGENT = "agent", "Prices of an agent"
        EXECUTIONS = "executions", "Platform tiers over executions"
        CREDITS = "credits", "Platform tiers over credits"
        USAGE = "usage", "Platform plans over metered use"

    public_id = models.CharField(max_length=30, unique=True, default=new_plan_id, editable=False)
    agent = models.OneToOneField(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="plan")
    catalogue = models.CharField(max_length=12, choices=Catalogue.choices)
    name = models.CharField(max_length=100)
    slug = models.SlugField(
        max_length=60, unique=True, null=True, blank=True, help_text="What a platform plan is asked for by."
    )
    summary = models.CharField(max_length=200, blank=True)
    place = models.PositiveSmallIntegerField(default=0, help_text="Its place among the platform's plans.")
    listed = models.BooleanField(default=True, help_text="Shown among the plans for everybody.")
    self_service = models.BooleanField(default=True, help_text="Off: subscribed to by agreement only.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="marketplace_plan_agent_iff_agent_catalogue",
                condition=Q(catalogue="agent", agent__isnull=False, slug=None)
                | Q(catalogue__in=["executions", "credits", "usage"], agent=None, slug__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlanVersion(models.Model):
    """What a plan says from a moment on. Immutable by trigger: a change is a new version."""

    public_id = models.CharField(max_length=30, unique=True, default=new_version_id, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    pricing_model = models.CharField(max_length=12, choices=[(m.value, m.value) for m in PricingModel])
    manifest = models.TextField(help_text="The `pricing:` YAML, as its author wrote it.")
    effective_from = models.DateTimeField()
    default_hold = models.BigIntegerField(null=True, help_text="Micros held when a run names no amount.")
    minimum = models.BigIntegerField(default=0, help_text="Least charge of a run, in credit micros.")
    quantum = models.BigIntegerField(default=1, help_text="A charge is a multiple of this, in credit micros.")
    platform_share_bp = models.PositiveIntegerField(
        help_text="Of each charge; where creators have a price on top, the least that it is."
    )
    rate_card = models.ForeignKey(
        RateCard, on_delete=models.PROTECT, null=True, related_name="+", help_text="Prices tokens by model."
    )
    unit = models.CharField(
        max_length=10,
        choices=[(unit, unit) for unit in ("CREDITS", "USD")],
        default="CREDITS",
        help_text="What its prices are told in.",
    )
    quota_unit = models.CharField(
        max_length=20, blank=True, default="", help_text="The unit of the quota that each run takes from."
    )
    created_by = models.CharField(max_length=100, help_text="The actor, such as user:usr_….")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="marketplace_planversion_unit_known", condition=Q(unit__in=["CREDITS", "USD"])
            ),
            # Credits and dollars are taken as money, never as a quota beside it.
            models.CheckConstraint(
                name="marketplace_planversion_quota_is_no_money",
                condition=~Q(quota_unit__in=["CREDITS", "USD"]),
            ),
            models.UniqueConstraint(name="marketplace_planversion_number_once", fields=["plan", "number"]),
            models.CheckConstraint(
                name="marketplace_planversion_minimum_not_negative", condition=Q(minimum__gte=0)
            ),
            models.CheckConstraint(
                name="marketplace_planversion_quantum_positive", condition=Q(quantum__gte=1)
            ),
            models.CheckConstraint(
                name="marketplace_planversion_default_hold_positive",
                condition=Q(default_hold=None) | Q(default_hold__gte=1),
            ),
            models.CheckConstraint(
                name="marketplace_planversion_platform_share_in_range",
                condition=Q(platform_share_bp__lte=10_000),
            ),
        ]
        indexes = [
            models.Index(
                F("plan"), F("effective_from").desc(), F("number").desc(), name="marketplace_version_current"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of plan {self.plan_id}"


class Price(models.Model):
    """One price component of a version; which of its columns count depends on its model."""

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="prices")
    model = models.CharField(max_length=12, choices=[(m.value, m.value) for m in PriceModel])
    metric = models.CharField(max_length=60)
    unit_price = models.DecimalField(max_digits=24, decimal_places=12, help_text="A unit's, exact.")
    package_size = models.DecimalField(max_digits=24, decimal_places=9, default=1)
    least = models.DecimalField(max_digits=24, decimal_places=12, default=0)
    most = models.DecimalField(max_digits=24, decimal_places=12, default=0)
    included = models.DecimalField(
        max_digits=24, decimal_places=9, default=0, help_text="Units without charge."
    )
    minimum = models.DecimalField(max_digits=24, decimal_places=6, default=0, help_text="Least charge.")
    payment_term = models.CharField(
        max_length=10, choices=[(t.value, t.value) for t in PaymentTerm], default=PaymentTerm.IN_ARREARS.value
    )
    overage = models.CharField(
        max_length=7, choices=[(o.value, o.value) for o in Overage], default=Overage.ON.value
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="marketplace_price_payment_term_known",
                condition=Q(payment_term__in=["in_advance", "in_arrears"]),
            ),
            models.CheckConstraint(
                name="marketplace_price_overage_known", condition=Q(overage__in=["on", "blocked"])
            ),
            models.UniqueConstraint(name="marketplace_price_metric_once", fields=["version", "metric"]),
            models.CheckConstraint(name="marketplace_price_not_negative", condition=Q(unit_price__gte=0)),
            models.CheckConstraint(
                name="marketplace_price_package_positive", condition=Q(package_size__gt=0)
            ),
            models.CheckConstraint(
                name="marketplace_price_bounds_in_order", condition=Q(least__gte=0, most__gte=F("least"))
            ),
            models.CheckConstraint(
                name="marketplace_price_gives_nothing_back", condition=Q(included__gte=0, minimum__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_price} a {self.metric}"


class PriceBand(models.Model):
    """A band of quantities of a graduated or volume price; the last one has no end."""

    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="bands")
    place = models.PositiveSmallIntegerField()
    up_to = models.DecimalField(max_digits=24, decimal_places=9, null=True)
    unit_price = models.DecimalField(max_digits=24, decimal_places=12)
    flat_price = models.DecimalField(max_digits=24, decimal_places=6)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="marketplace_priceband_place_once", fields=["price", "place"]),
            models.UniqueConstraint(
                name="marketplace_priceband_ends_once", fields=["price", "up_to"], nulls_distinct=False
            ),
            models.CheckConstraint(
                name="marketplace_priceband_not_negative",
                condition=Q(unit_price__gte=0, flat_price__gte=0) & (Q(up_to=None) | Q(up_to__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_price} up to {self.up_to}"


class SplitShare(models.Model):
    """What a creator has of each charge under a version: a share of it, or a fixed price on top of the platform's.

    A version's rows are all of one kind; the platform has the rest.
    """

    class Kind(models.TextChoices):
        SHARE = "share", "A share of each charge"
        FIXED = "fixed", "A fixed price of each run"

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="shares")
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.SHARE)
    share_bp = models.PositiveIntegerField()
    fixed_cents = models.PositiveSmallIntegerField(default=0, help_text="US cents of each run.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="marketplace_splitshare_creator_once", fields=["version", "creator"]
            ),
            models.CheckConstraint(
                name="marketplace_splitshare_in_range",
                condition=Q(kind="share", share_bp__gte=1, share_bp__lte=10_000, fixed_cents=0)
                | Q(kind="fixed", share_bp=0, fixed_cents__gte=1, fixed_cents__lte=50),
            ),
        ]

    def __str__(self) -> str:
        part = f"{self.fixed_cents} cents" if self.fixed_cents else f"{self.share_bp} bp"
        return f"{part} to creator {self.creator_id}"


class SubscriptionTier(models.Model):
    """What one subscribes to: credits each period, and what its entitlements allow, for a fee."""

    class Interval(models.TextChoices):
        MONTH = "month"
        YEAR = "year"

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="tiers")
    name = models.CharField(max_length=60)
    credits_per_month = models.BigIntegerField(help_text="Credit micros granted each period.")
    price_usd = MoneyField(max_digits=10, decimal_places=2, default_currency="USD")
    interval = models.CharField(max_length=5, choices=Interval.choices, default=Interval.MONTH)
    per_seat = models.BooleanField(default=False, help_text="Fee and credits are a seat's.")
    trial_days = models.PositiveSmallIntegerField(default=0)
    rollover_cap = models.BigIntegerField(
        default=0, help_text="Credit micros that may outlive their period; 0: none."
    )
    overdraft = models.BigIntegerField(
        default=0, help_text="Credit micros below zero while the customer has overage on."
    )
    spend_cap_cents = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most that a period's use costs."
    )

    objects: ClassVar[models.Manager["SubscriptionTier"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="marketplace_subscriptiontier_name_once", fields=["version", "name"]
            ),
            models.CheckConstraint(
                name="marketplace_subscriptiontier_takes_no_credits",
                condition=Q(credits_per_month__gte=0, rollover_cap__gte=0, overdraft__gte=0),
            ),
            models.CheckConstraint(
                name="marketplace_subscriptiontier_costs_usd",
                condition=Q(price_usd__gte=0, price_usd_currency="USD"),
            ),
            models.CheckConstraint(
                name="marketplace_subscriptiontier_interval_known",
                condition=Q(interval__in=["month", "year"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name
