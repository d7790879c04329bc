from functools import reduce
from operator import or_

from django.db import models
from django.db.models import F, Q

from accounts.models import Customer
from billing.models.purchases import Purchase
from billing.periods import Alignment
from config.kit import ids
from marketplace.models import Agent, Plan, PlanVersion, SubscriptionTier

LIVE = ("active", "past_due", "paused")
# What may follow a state. A checkout that was paid after all brings back what had lapsed; what has ended stays so.
FOLLOWS = {
    "incomplete": ("active", "expired"),
    "active": ("past_due", "paused", "cancelled"),
    "past_due": ("active", "cancelled"),
    "paused": ("active", "cancelled"),
    "cancelled": (),
    "expired": ("active",),
}


def new_public_id() -> str:
    """Make a subscription's public id."""
    return ids.new(ids.SUBSCRIPTION)


class Subscription(Purchase):
    """A customer's tier of an agent's plan, or of the platform's where it names no agent.

    Its amount is what its first payment asks for, tax included; what costs something is active once that is paid,
    never before.
    """

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
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    tier = models.ForeignKey(SubscriptionTier, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(default=1, help_text="Seats, where the tier counts them.")
    overage = models.BooleanField(default=False, help_text="The customer lets it run above what is included.")
    credits = models.BigIntegerField(help_text="What each period grants.")
    tax_cents = models.BigIntegerField(default=0, help_text="Of what its first payment asks for.")
    tax_country = models.CharField(max_length=2, default="", blank=True)
    tax_rate = models.DecimalField(
        max_digits=7, decimal_places=4, default=0, help_text="Percent, as it was when it was asked for."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.INCOMPLETE)
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    anchor = models.DateTimeField(null=True, blank=True, help_text="Where its rhythm counts from.")
    anchor_number = models.PositiveIntegerField(default=0, help_text="The period that began at the anchor.")
    alignment = models.CharField(
        max_length=12, choices=[(a.value, a.value) for a in Alignment], default=Alignment.ANNIVERSARY.value
    )
    zone = models.CharField(max_length=64, default="UTC", help_text="Pinned when it began.")
    started_at = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True, help_text="Ends then instead of renewing.")
    paused_at = models.DateTimeField(null=True, blank=True)
    past_due_at = models.DateTimeField(null=True, blank=True)
    pending_tier = models.ForeignKey(
        SubscriptionTier, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pending_quantity = models.PositiveIntegerField(
        null=True, blank=True, help_text="From the next period on."
    )

    class Meta(Purchase.Meta):
        constraints = [
            *Purchase.Meta.constraints,
            models.UniqueConstraint(
                name="billing_subscription_one_live_per_agent",
                fields=["customer", "agent"],
                condition=Q(state__in=LIVE),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="billing_subscription_not_negative", condition=Q(credits__gte=0, amount_cents__gte=0)
            ),
            models.CheckConstraint(
                name="billing_subscription_tax_is_a_part",
                condition=Q(tax_cents__gte=0, tax_cents__lte=F("amount_cents")),
            ),
            models.CheckConstraint(name="billing_subscription_has_seats", condition=Q(quantity__gte=1)),
            models.CheckConstraint(
                name="billing_subscription_agent_is_paid",
                condition=Q(agent=None) | Q(amount_cents__gt=0, credits__gt=0),
            ),
            models.CheckConstraint(
                name="billing_subscription_live_has_begun",
                condition=~Q(state__in=LIVE)
                | Q(
                    started_at__isnull=False,
                    anchor__isnull=False,
                    current_period_start__isnull=False,
                    current_period_end__gt=F("current_period_start"),
                ),
            ),
            models.CheckConstraint(
                name="billing_subscription_paused_says_when",
                condition=Q(state="paused", paused_at__isnull=False)
                | (~Q(state="paused") & Q(paused_at=None)),
            ),
            models.CheckConstraint(
                name="billing_subscription_past_due_says_when",
                condition=Q(state="past_due", past_due_at__isnull=False)
                | (~Q(state="past_due") & Q(past_due_at=None)),
            ),
        ]
        indexes = [
            models.Index(name="billing_subscription_customer", fields=["customer", "-created_at"]),
            models.Index(
                name="billing_subscription_open", fields=["created_at"], condition=Q(state="incomplete")
            ),
            models.Index(
                name="billing_subscription_due", fields=["current_period_end"], condition=Q(state__in=LIVE)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"

    @property
    def net_cents(self) -> int:
        """Give the fee that its first payment asks for, without the tax."""
        return self.amount_cents - self.tax_cents


class SubscriptionPeriod(models.Model):
    """One period of a subscription, with what it costs and grants; granted once, when it is paid or free.

    A trigger keeps what it says: only its end may move (nearer), and what is empty may be filled in.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="periods")
    number = models.PositiveIntegerField(default=0)
    tier = models.ForeignKey(SubscriptionTier, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    credits = models.BigIntegerField()
    amount_cents = models.BigIntegerField(help_text="Its fee.")
    payment_intent_id = models.CharField(max_length=60, default="", blank=True, db_index=True)
    granted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its usage was put on an invoice's draft."
    )
    read_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When its meters were read for the last time: no more events can come in.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="billing_subscriptionperiod_numbered", fields=["subscription", "number"]
            ),
            models.UniqueConstraint(
                name="billing_subscriptionperiod_once", fields=["subscription", "starts_at"]
            ),
            models.CheckConstraint(
                name="billing_subscriptionperiod_forward", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="billing_subscriptionperiod_not_negative",
                condition=Q(credits__gte=0, amount_cents__gte=0, quantity__gte=1),
            ),
        ]
        indexes = [
            models.Index(
                name="billing_period_unread",
                fields=["ends_at"],
                condition=Q(closed_at__isnull=False, read_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} from {self.starts_at:%Y-%m-%d}"


class AddedSeats(models.Model):
    """Seats added within a period: their part of its fee, and of what it brings; granted once, when paid or free.

    A trigger keeps what it says; what is empty may be filled in.
    """

    period = models.ForeignKey(SubscriptionPeriod, on_delete=models.PROTECT, related_name="added")
    number = models.PositiveIntegerField(help_text="From 1, within the period.")
    seats = models.PositiveIntegerField()
    amount_cents = models.BigIntegerField()
    credits = models.BigIntegerField()
    included = models.JSONField(default=dict, help_text="Millionths of each metric that it counts.")
    added_at = models.DateTimeField()
    payment_intent_id = models.CharField(max_length=60, default="", blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "added seats"
        constraints = [
            models.UniqueConstraint(name="billing_addedseats_numbered", fields=["period", "number"]),
            models.CheckConstraint(
                name="billing_addedseats_not_negative",
                condition=Q(seats__gte=1, number__gte=1, amount_cents__gte=0, credits__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seats} seats of {self.period_id}"


class Trial(models.Model):
    """A customer's trial of a plan: one, ever."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="trials", db_index=False)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    subscription = models.OneToOneField(Subscription, on_delete=models.PROTECT, related_name="trial")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the mail said that it ends.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="billing_trial_once_a_plan", fields=["customer", "plan"]),
            models.CheckConstraint(name="billing_trial_forward", condition=Q(ends_at__gt=F("started_at"))),
        ]
        indexes = [
            models.Index(name="billing_trial_untold", fields=["ends_at"], condition=Q(told_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} tries {self.plan_id}"


class SubscriptionStateChange(models.Model):
    """One step of a subscription's state, and why."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="changes")
    from_state = models.CharField(max_length=10, choices=Subscription.State.choices)
    to_state = models.CharField(max_length=10, choices=Subscription.State.choices)
    reason = models.CharField(max_length=300)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="billing_subscriptionstatechange_allowed",
                condition=reduce(
                    or_, (Q(from_state=old, to_state__in=(old, *new)) for old, new in FOLLOWS.items())
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
