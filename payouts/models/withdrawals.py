from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.kit import ids


def new_withdrawal_id() -> str:
    """Make a withdrawal's public id."""
    return ids.new(ids.WITHDRAWAL)


class Withdrawal(models.Model):
    """Our own money on its way from Stripe to our bank: only from what nobody else has a claim to."""

    class State(models.TextChoices):
        SENDING = "sending", "Asked, not answered yet"
        UNKNOWN = "unknown", "Unknown: to be looked up"
        SENT = "sent", "On its way to the bank"
        FAILED = "failed", "Refused"

    UNRESOLVED = (State.SENDING, State.UNKNOWN)

    public_id = models.CharField(max_length=30, unique=True, default=new_withdrawal_id, editable=False)
    amount_cents = models.BigIntegerField()
    coverage = models.BigIntegerField(help_text="USD micros that were free when it was asked for.")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SENDING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    stripe_payout_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    error = models.CharField(max_length=500, default="", blank=True)

    class Meta:
        permissions = [("withdraw_float", "Can withdraw the platform's own money")]
        constraints = [
            models.CheckConstraint(
                name="payouts_withdrawal_covered",
                condition=Q(amount_cents__gt=0, coverage__gte=F("amount_cents") * 10_000),
            ),
            models.CheckConstraint(
                name="payouts_withdrawal_sent_has_payout",
                condition=Q(state="sent", stripe_payout_id__isnull=False)
                | (~Q(state="sent") & Q(stripe_payout_id=None)),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def idempotency_key(self) -> str:
        """Name the one request that there is of it."""
        return f"withdrawal:{self.public_id}"
