from django.db import models
from django.db.models import Q

from wallets.models.debts import WalletDebt
from wallets.models.grants import CreditGrant
from wallets.models.ledger import Transaction
from wallets.models.wallets import Wallet


class Claw(models.Model):
    """Credits of one purchase taken back because its money was. Append-only.

    Its undoing is another row, whose figures are its own with the other sign: what was clawed of a purchase so far is
    always the sum.
    """

    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, related_name="claw")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="claws")
    purchase = models.CharField(max_length=120, help_text="What the money had paid for, such as pi_….")
    amount = models.BigIntegerField(help_text="Credits taken, in micros.")
    usd = models.BigIntegerField(help_text="USD micros given back for them, tax included.")
    tax = models.BigIntegerField(default=0)
    deferred = models.BigIntegerField(help_text="USD micros that were behind the voided credits.")
    carried = models.BigIntegerField(
        help_text="USD micros that stand in `receivable` for what went below zero."
    )
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="wallets_claw_purchase", fields=["purchase"])]
        constraints = [
            models.CheckConstraint(
                name="wallets_claw_signed",
                condition=Q(
                    undoes=None, amount__gte=0, usd__gt=0, tax__gte=0, deferred__gte=0, carried__gte=0
                )
                | Q(
                    undoes__isnull=False,
                    amount__lte=0,
                    usd__lt=0,
                    tax__lte=0,
                    deferred__lte=0,
                    carried__lte=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.purchase}"


class ClawPart(models.Model):
    """Who bears a part of a claw: a lot of the customer's, or its debt. Append-only."""

    claw = models.ForeignKey(Claw, on_delete=models.PROTECT, related_name="parts")
    grant = models.ForeignKey(CreditGrant, on_delete=models.PROTECT, null=True, related_name="claws")
    debt = models.ForeignKey(WalletDebt, on_delete=models.PROTECT, null=True, related_name="claws")
    amount = models.BigIntegerField()
    cash = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="wallets_clawpart_one_bearer",
                condition=Q(grant__isnull=False, debt=None) | Q(grant=None, debt__isnull=False),
            ),
            models.CheckConstraint(
                name="wallets_clawpart_signed",
                condition=Q(amount__gt=0, cash__gte=0) | Q(amount__lt=0, cash__lte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of claw {self.claw_id}"
