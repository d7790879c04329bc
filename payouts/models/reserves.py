from django.db import models
from django.db.models import F, Q

from billing.models import Dispute
from marketplace.models import Creator


class ReserveHold(models.Model):
    """What was held back of a creator's UTC day as it matured, until it is let go: by its tier, or for a dispute.

    A tier's hold is let go on its day, a dispute's when the creator need not wait for that any more. What refunds and
    disputes have taken of the reserve is borne by the oldest: `released` is then less than `amount`.
    """

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="reserve_holds")
    day = models.DateField()
    amount = models.BigIntegerField(help_text="Credit micros.")
    dispute = models.ForeignKey(
        Dispute, on_delete=models.PROTECT, null=True, blank=True, related_name="reserve_holds"
    )
    release_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released = models.BigIntegerField(default=0, help_text="Credit micros that became payable.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="payouts_reservehold_once", fields=["creator", "day", "dispute"], nulls_distinct=False
            ),
            models.CheckConstraint(
                name="payouts_reservehold_for_a_time_or_a_dispute",
                condition=Q(dispute=None, release_at__isnull=False)
                | Q(dispute__isnull=False, release_at=None),
            ),
            models.CheckConstraint(
                name="payouts_reservehold_within",
                condition=Q(amount__gt=0, released__gte=0, released__lte=F("amount")),
            ),
            models.CheckConstraint(
                name="payouts_reservehold_released_at_its_time",
                condition=Q(released_at=None, released=0)
                | Q(released_at__isnull=False, release_at=None)
                | Q(released_at__isnull=False, released_at__gte=F("release_at")),
            ),
        ]
        indexes = [
            models.Index(
                name="payouts_reservehold_due", fields=["release_at"], condition=Q(released_at=None)
            ),
        ]

    def __str__(self) -> str:
        until = f"{self.release_at:%Y-%m-%d}" if self.release_at else f"the end of {self.dispute}"
        return f"{self.day} until {until}"
