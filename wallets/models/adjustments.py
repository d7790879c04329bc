from django.db import models
from django.db.models import F, Q

from accounts.models import User
from config.kit import ids
from wallets.models.ledger import Transaction
from wallets.models.wallets import Wallet


def new_public_id() -> str:
    """Make an adjustment's public id."""
    return ids.new(ids.ADJUSTMENT)


class Adjustment(models.Model):
    """What a member of staff asks to do to a balance, and what became of it: by one below a limit, above it by two.

    `wallets/sql/adjustments.sql` refuses what these constraints cannot see: an owner of the wallet who asks or decides,
    and any change of what was asked or decided.
    """

    class State(models.TextChoices):
        REQUESTED = "requested"
        APPLIED = "applied"
        DECLINED = "declined"

    public_id = models.CharField(max_length=40, unique=True, default=new_public_id, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="adjustments")
    amount = models.BigIntegerField(help_text="Credit micros; negative takes.")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    available_before = models.BigIntegerField(help_text="What was available when it was asked.")
    alone_limit = models.BigIntegerField(help_text="What one person could do alone when it was asked.")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True, blank=True, help_text="When it was applied or declined.")
    decision = models.CharField(max_length=300, blank=True, help_text="Why it was declined.")
    transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="adjustment"
    )
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversal"
    )

    class Meta:
        permissions = [("decide_adjustment", "Can approve and decline what others ask for")]
        constraints = [
            models.CheckConstraint(name="wallets_adjustment_not_zero", condition=~Q(amount=0)),
            models.CheckConstraint(name="wallets_adjustment_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="wallets_adjustment_state_is_known",
                condition=Q(state__in=["requested", "applied", "declined"]),
            ),
            models.CheckConstraint(
                name="wallets_adjustment_by_another",
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="wallets_adjustment_transaction_iff_applied",
                condition=Q(state="applied", transaction__isnull=False, decided_at__isnull=False)
                | (Q(transaction=None) & Q(state="requested", decided_by=None, decided_at=None))
                | Q(state="declined", transaction=None, decided_by__isnull=False, decided_at__isnull=False),
            ),
            # What undoes an adjustment brings back what was there: it needs nobody else.
            models.CheckConstraint(
                name="wallets_adjustment_alone_below_the_limit",
                condition=~Q(state="applied")
                | Q(decided_by__isnull=False)
                | Q(reverses__isnull=False)
                | Q(amount__gte=-F("alone_limit"), amount__lte=F("alone_limit")),
            ),
        ]
        indexes = [
            models.Index(name="wallets_adjustment_open", fields=["id"], condition=Q(state="requested")),
            models.Index(name="wallets_adjustment_asked", fields=["requested_by", "-requested_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"
