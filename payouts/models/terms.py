from django.db import models
from django.db.models import Q

from marketplace.models import Creator
from payouts import calendar


class RiskTier(models.Model):
    """How long a creator's earnings wait, and what is held back of them. Never changed: a creator moves to another."""

    STANDARD = "standard"

    slug = models.SlugField(max_length=40, unique=True)
    window_days = models.PositiveSmallIntegerField(
        default=calendar.WINDOW_DAYS, help_text="From a period's last day to the day it may be paid."
    )
    reserve_bp = models.PositiveSmallIntegerField(
        default=0, help_text="Held back of what matures, in hundredths of a percent."
    )
    reserve_days = models.PositiveSmallIntegerField(default=0, help_text="How long it is held back.")

    class Meta:
        constraints = [
            # Rule 25: shorter than three days, a week would be paid before its Wednesday.
            models.CheckConstraint(name="payouts_risktier_window", condition=Q(window_days__range=(3, 90))),
            models.CheckConstraint(
                name="payouts_risktier_reserve",
                condition=Q(reserve_bp=0, reserve_days=0)
                | Q(reserve_bp__range=(1, 10_000), reserve_days__range=(1, 365)),
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Schedule(models.TextChoices):
    """When a creator is paid."""

    WEEKLY = calendar.WEEKLY, "Weekly"
    MONTHLY = calendar.MONTHLY, "Monthly"
    ON_DEMAND = calendar.ON_DEMAND, "On demand"


class CreatorTerms(models.Model):
    """When a creator is paid, from what amount on, at which tier; without a row: weekly, at the standard tier."""

    creator = models.OneToOneField(Creator, on_delete=models.PROTECT, related_name="payout_terms")
    tier = models.ForeignKey(RiskTier, on_delete=models.PROTECT, related_name="+")
    schedule = models.CharField(max_length=10, choices=Schedule.choices, default=Schedule.WEEKLY)
    minimum_cents = models.PositiveBigIntegerField(
        default=0, help_text="The creator's own; 0: the platform's."
    )
    since = models.DateTimeField(help_text="When these terms began.")

    class Meta:
        verbose_name_plural = "creator terms"
        permissions = [("set_tier", "Can set a creator's risk tier")]
        constraints = [
            models.CheckConstraint(
                name="payouts_creatorterms_schedule", condition=Q(schedule__in=calendar.SCHEDULES)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule}, {self.tier}"


class CreatorTermsChange(models.Model):
    """The history of a creator's terms: append-only."""

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="+")
    tier = models.ForeignKey(RiskTier, on_delete=models.PROTECT, related_name="+")
    schedule = models.CharField(max_length=10, choices=Schedule.choices)
    minimum_cents = models.PositiveBigIntegerField()
    actor = models.CharField(max_length=100)
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.schedule}, {self.tier}"
