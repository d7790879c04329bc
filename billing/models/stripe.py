from django.db import models
from django.db.models import Q

from accounts.models import Customer
from wallets.models import Transaction


class StripeCustomer(models.Model):
    """Which customer of Stripe's stands for a customer of ours."""

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="stripe_customer")
    stripe_id = models.CharField(max_length=60, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.stripe_id


class BalanceTransaction(models.Model):
    """One line of Stripe's own account of our money, and where our ledger booked its fee."""

    stripe_id = models.CharField(max_length=60, unique=True)
    type = models.CharField(max_length=60)
    category = models.CharField(
        max_length=60,
        default="",
        blank=True,
        help_text="Stripe's reporting category: which adjustment it is.",
    )
    source_id = models.CharField(max_length=60, default="", blank=True, db_index=True)
    origin_id = models.CharField(
        max_length=60,
        default="",
        blank=True,
        help_text="The PaymentIntent of a charge, refund or dispute, the transfer of a reversal.",
    )
    amount_cents = models.BigIntegerField()
    fee_cents = models.BigIntegerField()
    net_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()
    available_on = models.DateTimeField()
    transaction = models.ForeignKey(
        Transaction,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The ledger's booking of the fee, where there is one.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="billing_balancetransaction_net",
                condition=Q(net_cents=models.F("amount_cents") - models.F("fee_cents")),
            ),
        ]
        indexes = [models.Index(name="billing_balancetransaction_new", fields=["-created_at"])]

    def __str__(self) -> str:
        return f"{self.stripe_id} {self.type}"


class QuarantinedEvent(models.Model):
    """A signed event, or a payment, that we could not take in. Somebody must look; Stripe need not retry for days."""

    stripe_id = models.CharField(
        max_length=120, unique=True, help_text="The event, session or PaymentIntent."
    )
    type = models.CharField(max_length=100)
    reason = models.CharField(max_length=500)
    body = models.BinaryField(default=b"", help_text="As it came: it may hold what text columns refuse.")
    attempts = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    quarantined_at = models.DateTimeField(null=True, blank=True, help_text="Null while Stripe still retries.")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=80, default="", blank=True)

    class Meta:
        indexes = [
            models.Index(
                name="billing_quarantinedevent_open", fields=["-last_at"], condition=Q(resolved_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"
