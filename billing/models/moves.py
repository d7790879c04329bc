from django.db import models
from django.db.models import Q

from billing.models.subscriptions import Subscription, SubscriptionPeriod
from marketplace.models import SubscriptionTier


class SubscriptionMove(models.Model):
    """A subscriber who goes to another version of its plan: told first, moved with a later period.

    A trigger keeps what it says: it may be told of once, and closed once.
    """

    class State(models.TextChoices):
        PLANNED = "planned"
        DONE = "done"
        OVERTAKEN = "overtaken", "Overtaken: the customer chose something else"
        LAPSED = "lapsed", "Lapsed: the subscription ended"
        CALLED_OFF = "called_off", "Called off by staff"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="moves")
    from_tier = models.ForeignKey(SubscriptionTier, on_delete=models.PROTECT, related_name="+")
    tier = models.ForeignKey(SubscriptionTier, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    actor = models.CharField(max_length=100, help_text="Who decided it, such as user:usr_….")
    created_at = models.DateTimeField()
    notice_days = models.PositiveSmallIntegerField(
        default=0, help_text="Days between the notice and the period that it begins with."
    )
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the notice was sent.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    closed_at = models.DateTimeField(null=True, blank=True)
    period = models.OneToOneField(
        SubscriptionPeriod, on_delete=models.PROTECT, null=True, blank=True, related_name="move"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="billing_subscriptionmove_one_planned",
                fields=["subscription"],
                condition=Q(state="planned"),
            ),
            models.CheckConstraint(
                name="billing_subscriptionmove_closed_says_when",
                condition=Q(state="planned", closed_at=None)
                | (~Q(state="planned") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="billing_subscriptionmove_done_was_told",
                condition=Q(state="done", period__isnull=False, told_at__isnull=False)
                | (~Q(state="done") & Q(period=None)),
            ),
        ]
        indexes = [
            models.Index(
                name="billing_move_untold",
                fields=["created_at"],
                condition=Q(state="planned", told_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} to tier {self.tier_id}, {self.state}"
