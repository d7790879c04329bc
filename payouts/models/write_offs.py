from django.db import models
from django.db.models import F, Q

from accounts.models import Customer
from billing.models import Execution
from config.kit import ids
from wallets.models import Claw, DebtRecovery, GrantDrawdown, Transaction, WalletDebt


def new_public_id() -> str:
    """Make a write-off's public id."""
    return ids.new(ids.WRITE_OFF)


class WriteOff(models.Model):
    """Arrears that nobody will pay, and who bears them instead: creators, the platform's own part, its loss.

    Append-only: written with its transaction.
    """

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    debt = models.ForeignKey(WalletDebt, on_delete=models.PROTECT, related_name="write_offs")
    amount = models.BigIntegerField(help_text="Credits, in micros.")
    carried = models.BigIntegerField(help_text="USD micros that stood in `receivable` for them.")
    pulled = models.BigIntegerField(help_text="What creators bear.")
    own = models.BigIntegerField(help_text="What the platform had earned of it.")
    lost = models.BigIntegerField(help_text="What nobody else bears.")
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)
    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payouts_writeoff_adds_up",
                condition=Q(amount=F("pulled") + F("own") + F("lost"))
                & Q(amount__gt=0, carried__gte=0, pulled__gte=0, own__gte=0, lost__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class WriteOffPart(models.Model):
    """Which burned credits a write-off stands for: each is borne once. Append-only."""

    write_off = models.ForeignKey(WriteOff, on_delete=models.PROTECT, related_name="parts")
    claw = models.ForeignKey(Claw, on_delete=models.PROTECT, related_name="+")
    drawdown = models.ForeignKey(GrantDrawdown, on_delete=models.PROTECT, related_name="write_offs")
    execution = models.ForeignKey(
        Execution, on_delete=models.PROTECT, related_name="write_offs", db_constraint=False
    )
    funding_class = models.CharField(max_length=10)
    amount = models.BigIntegerField()
    pulled = models.BigIntegerField(help_text="What creators had earned of it.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payouts_writeoffpart_positive",
                condition=Q(amount__gt=0, pulled__gte=0, pulled__lte=F("amount")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of execution {self.execution_id}"


class WriteOffRecovery(models.Model):
    """What of a write-off was paid after all, and who of those who bore it has it back. Append-only."""

    write_off = models.ForeignKey(WriteOff, on_delete=models.PROTECT, related_name="recoveries")
    recovery = models.OneToOneField(DebtRecovery, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField(help_text="Credits, in micros.")
    returned = models.BigIntegerField(help_text="To creators.")
    own = models.BigIntegerField(help_text="To the platform's part of the runs.")
    loss = models.BigIntegerField(help_text="Of what nobody else had borne.")
    transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, null=True, related_name="+", help_text="None: all was loss."
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payouts_writeoffrecovery_adds_up",
                condition=Q(amount=F("returned") + F("own") + F("loss"))
                & Q(amount__gt=0, returned__gte=0, own__gte=0, loss__gte=0),
            ),
            models.CheckConstraint(
                name="payouts_writeoffrecovery_moves_what_is_not_loss",
                condition=Q(transaction=None, amount=F("loss"))
                | Q(transaction__isnull=False, amount__gt=F("loss")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.write_off}"
