from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Customer
from config.kit import ids
from wallets.models import Claw, Hold


def new_public_id() -> str:
    """Make a refund's public id."""
    return ids.new(ids.REFUND)


class Refund(models.Model):
    """Money of one payment given back, and the credits that went with it.

    Ours is written before Stripe hears of it: its credits are held meanwhile, and its key at Stripe is made of its own
    id. One made in Stripe's dashboard comes in when Stripe tells of it.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "Asked for, Stripe has not heard of it"
        SENDING = "sending", "Stripe is being asked"
        UNKNOWN = "unknown", "Unknown: to be looked up"
        REFUNDED = "refunded"
        FAILED = "failed"

    OPEN = (State.REQUESTED, State.SENDING, State.UNKNOWN)

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="refunds")
    payment_intent_id = models.CharField(max_length=60, help_text="The payment that is given back.")
    reference = models.CharField(max_length=30, help_text="Our id of what was paid for.")
    principal = models.CharField(
        max_length=80, help_text="Who asked: a customer's page, staff, or Stripe's dashboard."
    )
    idempotency_key = models.CharField(max_length=255)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=300, default="", blank=True)
    amount_cents = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    calls = models.PositiveIntegerField(default=0)
    called_at = models.DateTimeField(null=True, blank=True)
    stripe_refund_id = models.CharField(max_length=60, unique=True, null=True, blank=True)
    claw = models.OneToOneField(Claw, on_delete=models.PROTECT, null=True, blank=True, related_name="refund")
    failure = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField()
    refunded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="billing_refund_once", fields=["principal", "idempotency_key"]),
            # Never a second request while nobody knows what came of the first.
            models.UniqueConstraint(
                name="billing_refund_one_open",
                fields=["payment_intent_id"],
                condition=Q(state__in=["requested", "sending", "unknown"]),
            ),
            models.CheckConstraint(name="billing_refund_amount_positive", condition=Q(amount_cents__gt=0)),
            models.CheckConstraint(
                name="billing_refund_refunded_is_clawed",
                condition=Q(
                    state="refunded",
                    refunded_at__isnull=False,
                    claw__isnull=False,
                    stripe_refund_id__isnull=False,
                )
                | ~Q(state="refunded"),
            ),
        ]
        indexes = [
            models.Index(name="billing_refund_payment", fields=["payment_intent_id"]),
            models.Index(
                name="billing_refund_open",
                fields=["created_at"],
                condition=Q(state__in=["requested", "sending", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class RefundStateChange(models.Model):
    """One step of a refund's state, and why. Append-only."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="changes")
    from_state = models.CharField(max_length=10, choices=Refund.State.choices)
    to_state = models.CharField(max_length=10, choices=Refund.State.choices)
    reason = models.CharField(max_length=300)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
