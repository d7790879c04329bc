from django.db import models
from django.db.models import Q

from payouts.models.payouts import Payout


class PayoutAttempt(models.Model):
    """One keyed request to Stripe for a transfer, committed before it is made."""

    class Outcome(models.TextChoices):
        OPEN = "open", "Asked, not answered yet"
        UNKNOWN = "unknown", "Unknown: to be looked up"
        SUCCEEDED = "succeeded", "Transferred"
        FAILED = "failed", "Refused"

    UNRESOLVED = (Outcome.OPEN, Outcome.UNKNOWN)

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    idempotency_key = models.CharField(max_length=100, unique=True)
    request = models.JSONField(help_text="Frozen: a retry under the same key sends the same bytes.")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    stripe_transfer_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    error_code = models.CharField(max_length=100, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    calls = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payouts_attempt_number", fields=["payout", "number"]),
            # Never a second key while the outcome of the first is not known.
            models.UniqueConstraint(
                name="payouts_attempt_one_unresolved",
                fields=["payout"],
                condition=Q(outcome__in=["open", "unknown"]),
            ),
            models.UniqueConstraint(
                name="payouts_attempt_one_success", fields=["payout"], condition=Q(outcome="succeeded")
            ),
            models.CheckConstraint(
                name="payouts_attempt_transfer_iff_succeeded",
                condition=Q(outcome="succeeded", stripe_transfer_id__isnull=False)
                | (~Q(outcome="succeeded") & Q(stripe_transfer_id=None)),
            ),
        ]

    def __str__(self) -> str:
        return self.idempotency_key


class PayoutStateChange(models.Model):
    """The history of a payout's state: append-only."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="changes")
    old = models.CharField(max_length=10, blank=True)
    new = models.CharField(max_length=10)
    actor = models.CharField(max_length=100)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.old} -> {self.new}"
