from django.db import models
from django.db.models import Q

from accounts.models import Customer
from billing.models.purchases import Purchase
from config.kit import ids
from wallets.models import Wallet


def new_public_id() -> str:
    """Make a top-up's public id."""
    return ids.new(ids.TOP_UP)


class TopUp(Purchase):
    """One intent to buy credits; credited once, by its PaymentIntent."""

    class Status(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        FAILED = "failed"
        EXPIRED = "expired"
        REFUNDED = "refunded"

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="top_ups", db_index=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    package = models.CharField(max_length=50, default="", blank=True)
    paid_credits = models.BigIntegerField()
    bonus_credits = models.BigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)

    class Meta(Purchase.Meta):
        verbose_name = "top-up"
        constraints = [
            *Purchase.Meta.constraints,
            models.CheckConstraint(name="billing_topup_amount_positive", condition=Q(amount_cents__gt=0)),
            models.CheckConstraint(
                name="billing_topup_credits_positive", condition=Q(paid_credits__gt=0, bonus_credits__gte=0)
            ),
            models.CheckConstraint(
                name="billing_topup_status_has_payment",
                condition=Q(status__in=["paid", "refunded"], paid_at__isnull=False)
                | (~Q(status__in=["paid", "refunded"]) & Q(paid_at=None)),
            ),
        ]
        indexes = [
            models.Index(name="billing_topup_customer", fields=["customer", "-created_at"]),
            models.Index(name="billing_topup_pending", fields=["created_at"], condition=Q(status="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.status}"

    @property
    def total_credits(self) -> int:
        """Paid and bonus credits together."""
        return self.paid_credits + self.bonus_credits


class TopUpStateChange(models.Model):
    """One step of a top-up's state, and why."""

    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="changes")
    from_status = models.CharField(max_length=10, choices=TopUp.Status.choices)
    to_status = models.CharField(max_length=10, choices=TopUp.Status.choices)
    reason = models.CharField(max_length=300)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.from_status} to {self.to_status}"
