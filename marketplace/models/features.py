from django.db import models
from django.db.models import Q

from marketplace.models.agents import Agent
from marketplace.models.plans import SubscriptionTier


class Meter(models.Model):
    """How events of one type become the quantity of a period."""

    class Aggregation(models.TextChoices):
        COUNT = "count", "How many there were"
        SUM = "sum", "Their sum"
        MAX = "max", "The greatest"
        UNIQUE = "unique", "How many different values"
        LATEST = "latest", "The last value"
        TIME_WEIGHTED = "time_weighted", "Values times how long each lasted"

    slug = models.CharField(max_length=20, unique=True, help_text="The metric that plans price.")
    name = models.CharField(max_length=60)
    event_type = models.CharField(max_length=100, help_text="The type of the CloudEvents that it counts.")
    aggregation = models.CharField(max_length=13, choices=Aggregation.choices)
    property = models.CharField(
        max_length=60, blank=True, help_text="Which property of the data; none counts."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="marketplace_meter_aggregation_known",
                condition=Q(aggregation__in=["count", "sum", "max", "unique", "latest", "time_weighted"]),
            ),
            models.CheckConstraint(
                name="marketplace_meter_reads_a_property", condition=Q(aggregation="count") | ~Q(property="")
            ),
        ]
        indexes = [models.Index(name="marketplace_meter_by_type", fields=["event_type"])]

    def __str__(self) -> str:
        return self.name


class Feature(models.Model):
    """What a plan sells: a capability (boolean), or something used in quantities (metered).

    A metered feature with an agent is used by runs of that agent, an unlisted one of the platform's.
    """

    class Kind(models.TextChoices):
        BOOLEAN = "boolean", "There or not"
        METERED = "metered", "Used in quantities"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=7, choices=Kind.choices)
    metric = models.CharField(
        max_length=20,
        blank=True,
        help_text="What its runs report and plans price.",
    )
    meter = models.OneToOneField(
        Meter, on_delete=models.PROTECT, null=True, blank=True, related_name="feature"
    )
    agent = models.OneToOneField(
        Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="feature"
    )
    unit_cost_usd = models.DecimalField(
        max_digits=18, decimal_places=9, null=True, blank=True, help_text="What one burns, kept in USD."
    )

    quota_unit = models.CharField(
        max_length=20, blank=True, help_text="The unit of the quota that its runs take from."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="marketplace_feature_quota_has_agent",
                condition=Q(quota_unit="") | Q(agent__isnull=False),
            ),
            models.CheckConstraint(
                name="marketplace_feature_kind_known",
                condition=Q(kind="boolean", metric="", meter=None, agent=None, unit_cost_usd=None)
                | (Q(kind="metered") & ~Q(metric="")),
            ),
            models.UniqueConstraint(
                name="marketplace_feature_metric_once", fields=["metric"], condition=~Q(metric="")
            ),
            models.CheckConstraint(
                name="marketplace_feature_cost_not_negative",
                condition=Q(unit_cost_usd=None) | Q(unit_cost_usd__gte=0, agent__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Entitlement(models.Model):
    """What a tier allows of a feature. Immutable with its version."""

    tier = models.ForeignKey(SubscriptionTier, on_delete=models.PROTECT, related_name="entitlements")
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, related_name="+")
    included = models.DecimalField(
        max_digits=18,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="A period's quantity; none: no limit.",
    )
    hard = models.BooleanField(default=True, help_text="Off: use goes on above it, at the plan's price.")
    per_seat = models.BooleanField(default=False, help_text="Each seat brings so much.")
    rollover_cap = models.DecimalField(
        max_digits=18, decimal_places=6, default=0, help_text="What may outlive its period; 0: nothing."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="marketplace_entitlement_feature_once", fields=["tier", "feature"]),
            models.CheckConstraint(
                name="marketplace_entitlement_not_negative",
                condition=(Q(included=None) | Q(included__gte=0)) & Q(rollover_cap__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.included} of feature {self.feature_id}"
