from django.db import models
from django.db.models import F, Q

from marketplace.models import Creator


class ReserveHold(models.Model):
    """What was held back of a creator's UTC day as it matured, until it is let go.

    What refunds and disputes have taken of the reserve is borne by the oldest: `released` is then less than `amount`.
    """

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="reserve_holds")
    day = models.DateField()
    amount = models.BigIntegerField(help_text="Credit micros.")
    release_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released = models.BigIntegerField(default=0, help_text="Credit micros that became payable.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payouts_reservehold_once", fields=["creator", "day"]),
            models.CheckConstraint(
                name="payouts_reservehold_within",
                condition=Q(amount__gt=0, released__gte=0, released__lte=F("amount")),
            ),
            models.CheckConstraint(
                name="payouts_reservehold_released_at_its_time",
                condition=Q(released_at=None, released=0) | Q(released_at__gte=F("release_at")),
            ),
        ]
        indexes = [
            models.Index(
                name="payouts_reservehold_due", fields=["release_at"], condition=Q(released_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} until {self.release_at:%Y-%m-%d}"
