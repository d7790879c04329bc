from django.db import models
from django.db.models import F, Q

from billing.models.subscriptions import SubscriptionPeriod
from marketplace.models import Plan


class PlanOffer(models.Model):
    """A plan on which a period's use would cost less: offered once a period, taken only when the customer says so."""

    period = models.OneToOneField(SubscriptionPeriod, on_delete=models.PROTECT, related_name="offer")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    costs = models.BigIntegerField(help_text="USD micros that the use came to, when it was offered.")
    other_costs = models.BigIntegerField(help_text="USD micros on the other plan.")
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the mail was sent.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="billing_planoffer_saves", condition=Q(other_costs__gte=0, other_costs__lt=F("costs"))
            ),
        ]
        indexes = [
            models.Index(name="billing_planoffer_untold", fields=["created_at"], condition=Q(told_at=None)),
        ]

    def __str__(self) -> str:
        return f"plan {self.plan_id} in period {self.period_id}"
