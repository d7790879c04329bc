from django.db import models
from django.db.models import Q

from wallets.models.ledger import Transaction


class Seal(models.Model):
    """One link of the chain: a transaction with its entries and drawdowns, hashed together with the link before.

    Only `wallets/sql/seals.sql` writes it. Append-only.
    """

    number = models.BigIntegerField(primary_key=True, help_text="The chain's own order, from 1.")
    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, related_name="seal")
    previous = models.BinaryField(help_text="The hash of the seal before; 32 zero bytes for the first.")
    hash = models.BinaryField(help_text="SHA-256 over the previous hash, the number, and every column.")
    rows = models.TextField(help_text="A short mark of each row, which names the row when the hash differs.")

    class Meta:
        constraints = [models.CheckConstraint(name="wallets_seal_numbered", condition=Q(number__gt=0))]

    def __str__(self) -> str:
        return f"seal {self.number}"


class SealHead(models.Model):
    """Where the chain stood on a day: to be kept outside too, against a rewrite of the whole chain. Append-only."""

    day = models.DateField(primary_key=True, help_text="The UTC day that it was taken on.")
    number = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        verbose_name = "seal of the day"
        verbose_name_plural = "seals of the day"

    def __str__(self) -> str:
        return f"{self.day}: seal {self.number}"


class SealProgress(models.Model):
    """The one row that says up to which transaction nothing unsealed can turn up any more."""

    passed = models.BigIntegerField(help_text="Every transaction up to this id is sealed or was rolled back.")
    waits_at = models.BigIntegerField(null=True, help_text="The id to pass next, once its writers are done.")
    writers = models.TextField(default="", help_text="Who was writing transactions when waits_at was seen.")

    class Meta:
        constraints = [models.CheckConstraint(name="wallets_sealprogress_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"sealed up to transaction {self.passed}"
