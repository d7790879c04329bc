from django.db import models
from django.db.models import F, Q


class Wallet(models.Model):
    """What one owner has of one unit. Only the SQL functions of `wallets/sql` write it.

    A platform wallet's `balance` stays 0 here: it takes entries without touching this row.
    """

    class OwnerType(models.TextChoices):
        CONSUMER = "consumer"
        CREATOR = "creator"
        PLATFORM = "platform"

    public_id = models.CharField(max_length=30, unique=True, editable=False)
    owner_type = models.CharField(max_length=10, choices=OwnerType.choices)
    owner_id = models.BigIntegerField(help_text="A customer's or creator's row; 0 for the platform.")
    unit = models.CharField(max_length=20)
    kind = models.CharField(max_length=30)
    scope = models.CharField(
        max_length=40,
        default="",
        blank=True,
        help_text="Where the credits are good; empty: everywhere.",
    )
    balance = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0, help_text="Sum of the open holds.")
    overdraft_limit = models.BigIntegerField(
        null=True, default=0, help_text="Null: unbounded (platform only)."
    )
    arrears_allowance = models.BigIntegerField(default=0, help_text="Raised by refunds and disputes only.")
    next_expiry = models.DateTimeField(null=True, blank=True)
    seq = models.BigIntegerField(default=0, help_text="Number of the last entry.")
    created_at = models.DateTimeField()

    class Meta:
        permissions = [("adjust_wallet", "Can adjust a balance")]
        constraints = [
            models.UniqueConstraint(
                name="wallets_wallet_once",
                fields=["owner_type", "owner_id", "unit", "kind", "scope"],
            ),
            models.CheckConstraint(name="wallets_wallet_held_not_negative", condition=Q(held__gte=0)),
            models.CheckConstraint(
                name="wallets_wallet_covered",
                condition=Q(overdraft_limit=None)
                | Q(balance__gte=F("held") - F("overdraft_limit") - F("arrears_allowance")),
            ),
            models.CheckConstraint(
                name="wallets_wallet_unbounded_is_platform",
                condition=Q(owner_type="platform", owner_id=0, overdraft_limit=None)
                | (~Q(owner_type="platform") & Q(overdraft_limit__gte=0)),
            ),
            models.CheckConstraint(
                name="wallets_wallet_arrears_not_negative",
                condition=Q(arrears_allowance__gte=0),
            ),
            models.CheckConstraint(
                name="wallets_wallet_debt_is_not_positive",
                condition=~Q(kind="debt") | Q(balance__lte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner_type} {self.owner_id} {self.kind} {self.unit}"

    @property
    def available(self) -> int:
        """What new holds may take, before any overdraft."""
        return self.balance - self.held
