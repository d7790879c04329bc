from django.db import models
from django.db.models import F, Q

from wallets.models.debts import WalletDebt
from wallets.models.ledger import Transaction
from wallets.models.wallets import Wallet


class CreditGrant(models.Model):
    """One parcel of credits, why it was given and what cash was paid for it.

    granted = remaining + burned + expired + voided + frozen, always.
    """

    class FundingClass(models.TextChoices):
        PLAN = "plan"
        PROMO = "promo"
        BONUS = "bonus"
        ADJUSTMENT = "adjustment"
        PAID = "paid"

    public_id = models.CharField(max_length=30, unique=True, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="grants", db_index=False)
    funding_class = models.CharField(max_length=10, choices=FundingClass.choices)
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    burned = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)
    voided = models.BigIntegerField(default=0)
    frozen = models.BigIntegerField(default=0, help_text="Held back while a dispute is open.")
    cash = models.BigIntegerField(default=0, help_text="USD micros paid for it.")
    cash_remaining = models.BigIntegerField(default=0, help_text="USD micros not yet earned by burning.")
    priority = models.SmallIntegerField(default=0, help_text="Lower burns first.")
    expires_at = models.DateTimeField(null=True, blank=True)
    source_type = models.CharField(max_length=30)
    source_id = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="wallets_creditgrant_once",
                fields=["source_type", "source_id", "funding_class"],
            ),
            models.CheckConstraint(
                name="wallets_creditgrant_adds_up",
                condition=Q(amount=F("remaining") + F("burned") + F("expired") + F("voided") + F("frozen")),
            ),
            models.CheckConstraint(
                name="wallets_creditgrant_parts_not_negative",
                condition=Q(amount__gt=0, remaining__gte=0, burned__gte=0, expired__gte=0)
                & Q(voided__gte=0, frozen__gte=0),
            ),
            models.CheckConstraint(
                name="wallets_creditgrant_cash_within",
                condition=Q(cash__gte=0, cash_remaining__gte=0, cash_remaining__lte=F("cash")),
            ),
            models.CheckConstraint(
                name="wallets_creditgrant_paid_never_expires",
                condition=~Q(funding_class="paid") | Q(expires_at=None),
            ),
        ]
        indexes = [
            models.Index(
                name="wallets_creditgrant_left",
                fields=["wallet"],
                condition=Q(remaining__gt=0),
            ),
            models.Index(
                name="wallets_creditgrant_due",
                fields=["expires_at"],
                condition=Q(remaining__gt=0, expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.funding_class}"


class GrantDrawdown(models.Model):
    """Which grant paid which charge, and with what cash: refunds and disputes walk it back. Append-only.

    What no grant covered was burned into a debt: a row with the debt alone, whose cash is what `unbilled` carries for
    it. A row with both is a paid grant that paid a debt. What was undone has a row of the other sign.
    """

    grant = models.ForeignKey(CreditGrant, on_delete=models.PROTECT, null=True, related_name="drawdowns")
    debt = models.ForeignKey(
        WalletDebt, on_delete=models.PROTECT, null=True, related_name="drawdowns", db_index=False
    )
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="drawdowns")
    amount = models.BigIntegerField()
    cash = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="wallets_grantdrawdown_signed",
                condition=Q(amount__gt=0, cash__gte=0) | Q(amount__lt=0, cash__lte=0),
            ),
            models.CheckConstraint(
                name="wallets_grantdrawdown_of_something",
                condition=Q(grant__isnull=False) | Q(debt__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="wallets_grantdrawdown_debt",
                fields=["debt"],
                condition=Q(debt__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of grant {self.grant_id}" if self.grant_id else f"{self.amount} of overage"


class FrozenLot(models.Model):
    """What a dispute has set aside of a grant; given back, or given back and clawed, when the dispute is over.

    A disputed grant of which nothing was left to be set aside has its row too, of 0.
    """

    grant = models.ForeignKey(CreditGrant, on_delete=models.PROTECT, related_name="frozen_lots")
    source_type = models.CharField(max_length=30)
    source_id = models.CharField(max_length=120)
    amount = models.BigIntegerField()
    frozen_at = models.DateTimeField()
    thawed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="wallets_frozenlot_once", fields=["source_type", "source_id", "grant"]
            ),
            models.CheckConstraint(name="wallets_frozenlot_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of grant {self.grant_id}"
