from django.db import models
from django.db.models import Q

from wallets.models.wallets import Wallet


class Transaction(models.Model):
    """One money event and its one cause. Append-only: a mistake is mended by another transaction."""

    public_id = models.CharField(max_length=30, unique=True, editable=False)
    kind = models.CharField(max_length=30)
    source_type = models.CharField(max_length=30)
    source_id = models.CharField(max_length=120)
    actor = models.CharField(max_length=80, help_text="Who: a key, a user, a job.")
    description = models.CharField(max_length=300, default="", blank=True)
    occurred_at = models.DateTimeField(help_text="When it happened in the world.")
    recorded_at = models.DateTimeField(help_text="When the ledger wrote it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="wallets_transaction_one_cause",
                fields=["kind", "source_type", "source_id"],
            ),
            models.CheckConstraint(
                name="wallets_transaction_has_cause",
                condition=~Q(source_id="") & ~Q(source_type=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source_id}"


class Entry(models.Model):
    """One leg of a transaction: a signed amount on one wallet. Append-only."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries")
    # No foreign key in the database: each settlement would lock the one row of clearing. `check_books` looks.
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    unit = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    wallet_seq = models.BigIntegerField(null=True, help_text="Null on platform wallets.")
    balance_after = models.BigIntegerField(null=True, help_text="Null on platform wallets.")

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(name="wallets_entry_sequence", fields=["wallet", "wallet_seq"]),
            models.CheckConstraint(name="wallets_entry_not_zero", condition=~Q(amount=0)),
            models.CheckConstraint(
                name="wallets_entry_sequenced_with_balance",
                condition=Q(wallet_seq=None, balance_after=None)
                | Q(wallet_seq__isnull=False, balance_after__isnull=False),
            ),
        ]
        indexes = [
            # A statement's page costs the same however old the wallet is; platform wallets are summed by it.
            models.Index(name="wallets_entry_of_wallet", fields=["wallet", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit} on wallet {self.wallet_id}"


class LedgerSetting(models.Model):
    """The one row written with the ledger: what a credit is worth. Never changes afterwards."""

    credit_value = models.BigIntegerField(help_text="USD micros for one credit.")

    class Meta:
        constraints = [
            models.CheckConstraint(name="wallets_ledgersetting_one_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="wallets_ledgersetting_value_positive",
                condition=Q(credit_value__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"1 credit = {self.credit_value} USD micros"
