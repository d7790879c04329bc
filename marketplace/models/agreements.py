from django.db import models
from django.db.models import F, Q

from accounts.models import Customer
from marketplace.models.plans import Plan


class Agreement(models.Model):
    """What was agreed with one customer over a plan: a commitment with its discount, and recorded terms.

    A trigger freezes what is priced once it is in force: then its end may only come nearer, and its terms be reworded.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="agreements")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="agreements")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    metric = models.CharField(max_length=20, blank=True, help_text="What is committed to.")
    committed = models.DecimalField(
        max_digits=18, decimal_places=6, default=0, help_text="The quantity committed to, each period."
    )
    discount_bp = models.PositiveIntegerField(
        default=0, help_text="Basis points off the rate, up to the commitment."
    )
    terms = models.JSONField(
        default=dict, blank=True, help_text="sla, support, priority, guardrails: read by routers as they are."
    )
    created_by = models.CharField(max_length=100, help_text="The actor, such as user:usr_….")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True, help_text="When it was last changed, if ever.")

    class Meta:
        constraints = [
            # One that ends as it starts was withdrawn before it came into force.
            models.CheckConstraint(
                name="marketplace_agreement_forward", condition=Q(ends_at__gte=F("starts_at"))
            ),
            models.CheckConstraint(
                name="marketplace_agreement_discount_in_range",
                condition=Q(discount_bp__lte=10_000, committed__gte=0),
            ),
            models.CheckConstraint(
                name="marketplace_agreement_commits_to_a_metric", condition=Q(committed=0) | ~Q(metric="")
            ),
        ]
        indexes = [models.Index(name="marketplace_agreement_customer", fields=["customer", "starts_at"])]

    def __str__(self) -> str:
        return f"{self.customer_id} on plan {self.plan_id} from {self.starts_at:%Y-%m-%d}"


class AgreementChange(models.Model):
    """A change of an agreement: what it said before and after, who changed it and why. Append-only."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="changes")
    what = models.CharField(max_length=20)
    before = models.JSONField()
    after = models.JSONField()
    reason = models.CharField(max_length=300)
    actor = models.CharField(max_length=100, help_text="The actor, such as user:usr_….")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.what} of agreement {self.agreement_id}"
