"""Credits that the platform gives away: by code, and by staff to one customer. All are of class promo."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Customer, User


class Voucher(models.Model):
    """A code that gives credits, so many times in all and so many times a customer. The code itself is not kept."""

    name = models.CharField(max_length=80, help_text="What staff call it, such as the campaign.")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    hint = models.CharField(max_length=4, editable=False, help_text="The code's last letters.")
    amount = models.BigIntegerField(help_text="Credit micros of each use.")
    uses_max = models.PositiveIntegerField(help_text="How often it may be used in all.")
    per_customer = models.PositiveSmallIntegerField(default=1, help_text="How often by one customer.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The first moment at which it is not taken any more.")
    credits_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The credits expire so many days after the use; empty: never."
    )
    uses = models.PositiveIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="billing_voucher_used_within_limit", condition=Q(uses__lte=F("uses_max"))
            ),
            models.CheckConstraint(
                name="billing_voucher_gives_something",
                condition=Q(amount__gt=0, uses_max__gte=1, per_customer__gte=1, starts_at__lt=F("ends_at")),
            ),
            models.CheckConstraint(
                name="billing_voucher_stopped_by_somebody",
                condition=Q(stopped_at=None, stopped_by=None)
                | Q(stopped_at__isnull=False, stopped_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"


class VoucherUse(models.Model):
    """One use of a voucher: the cause of its grant."""

    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="used")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(help_text="The customer's first, second, … use of it.")
    actor = models.CharField(max_length=100)
    used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="billing_voucheruse_once", fields=["voucher", "customer", "number"]),
        ]

    def __str__(self) -> str:
        return f"use {self.number} of voucher {self.voucher_id}"


class PromoGrant(models.Model):
    """Credits that a member of staff gave a customer, and why; `reference` makes a double click one gift."""

    reference = models.CharField(max_length=40, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField(help_text="Credit micros.")
    reason = models.CharField(max_length=300)
    expires_at = models.DateTimeField(null=True, blank=True)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="billing_promogrant_gives_something", condition=Q(amount__gt=0)),
        ]
        indexes = [models.Index(name="billing_promogrant_by_giver", fields=["given_by", "given_at"])]

    def __str__(self) -> str:
        return f"{self.amount} to customer {self.customer_id}"
