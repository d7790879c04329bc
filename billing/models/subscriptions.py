from django.db import models
from django.db.models import F, Q

from accounts.models import Customer
from billing.models.purchases import Purchase
from config.kit import ids
from marketplace.models import Agent, PlanVersion, SubscriptionTier


def new_public_id() -> str:
    """Make a subscription's public id."""
    return ids.new(ids.SUBSCRIPTION)


class Subscription(Purchase):
    """A customer's tier of an agent's plan. Active once its payment is paid, never before."""

    class State(models.TextChoices):
        INCOMPLETE = "incomplete"
        ACTIVE = "active"
        PAST_DUE = "past_due"
        PAUSED = "paused"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="subscriptions", db_index=False
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    tier = models.ForeignKey(SubscriptionTier, on_delete=models.PROTECT, related_name="+")
    credits = models.BigIntegerField(help_text="What each period grants.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.INCOMPLETE)
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)

    class Meta(Purchase.Meta):
        constraints = [
            *Purchase.Meta.constraints,
            models.UniqueConstraint(
                name="billing_subscription_one_live_per_agent",
                fields=["customer", "agent"],
                condition=Q(state__in=["active", "past_due", "paused"]),
            ),
            models.CheckConstraint(name="billing_subscription_credits_positive", condition=Q(credits__gt=0)),
            models.CheckConstraint(
                name="billing_subscription_live_is_paid",
                condition=Q(state__in=["incomplete", "expired", "cancelled"])
                | Q(
                    paid_at__isnull=False,
                    current_period_start__isnull=False,
                    current_period_end__gt=F("current_period_start"),
                ),
            ),
        ]
        indexes = [
            models.Index(name="billing_subscription_customer", fields=["customer", "-created_at"]),
            models.Index(
                name="billing_subscription_open", fields=["created_at"], condition=Q(state="incomplete")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class SubscriptionPeriod(models.Model):
    """One paid period of a subscription: its credits are granted once."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="periods")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    credits = models.BigIntegerField()
    amount_cents = models.BigIntegerField()
    payment_intent_id = models.CharField(max_length=60, unique=True)
    granted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="billing_subscriptionperiod_once", fields=["subscription", "starts_at"]
            ),
            models.CheckConstraint(
                name="billing_subscriptionperiod_forward", condition=Q(ends_at__gt=F("starts_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} from {self.starts_at:%Y-%m-%d}"


class SubscriptionStateChange(models.Model):
    """One step of a subscription's state, and why."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="changes")
    from_state = models.CharField(max_length=10, choices=Subscription.State.choices)
    to_state = models.CharField(max_length=10, choices=Subscription.State.choices)
    reason = models.CharField(max_length=300)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
