from django.db import models
from django.db.models import F, Q

from wallets.models.wallets import Wallet


class Hold(models.Model):
    """A claim on a wallet that closes once: settled, released or expired. No entries move."""

    class State(models.TextChoices):
        OPEN = "open"
        SETTLED = "settled"
        RELEASED = "released"
        EXPIRED = "expired"

    public_id = models.CharField(max_length=30, unique=True, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="holds", db_index=False)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    source_type = models.CharField(max_length=30)
    source_id = models.CharField(max_length=120)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    settled = models.BigIntegerField(null=True, blank=True, help_text="What the settlement took in the end.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="wallets_hold_one_cause", fields=["source_type", "source_id"]),
            models.CheckConstraint(name="wallets_hold_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="wallets_hold_open_or_closed",
                condition=Q(state="open", closed_at=None) | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="wallets_hold_settled_amount",
                condition=Q(state="settled", settled__gte=0) | (~Q(state="settled") & Q(settled=None)),
            ),
            models.CheckConstraint(
                name="wallets_hold_expires_after_opening",
                condition=Q(expires_at__gt=F("opened_at")),
            ),
        ]
        indexes = [
            models.Index(
                name="wallets_hold_open",
                fields=["wallet", "opened_at"],
                condition=Q(state="open"),
            ),
            models.Index(
                name="wallets_hold_due",
                fields=["expires_at"],
                condition=Q(state="open"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"
