from typing import Final

from django.db import models

from marketplace.models import Creator


class Ended(models.TextChoices):
    """Why an account is paid no more, until its creator connects another."""

    CLOSED = "closed", "The account at Stripe is closed."
    REJECTED = "rejected", "Stripe has rejected this account."
    DEAUTHORISED = "deauthorised", "The account was disconnected from us at Stripe."


# Of these Stripe says nothing more, and lets nobody read.
GONE: Final = (Ended.CLOSED, Ended.DEAUTHORISED)


class PayoutAccount(models.Model):
    """Where a creator is paid: their connected account at Stripe.

    The row is the intent (made and committed before Stripe is asked for an account); what Stripe says of the
    account is copied from the row that dj-stripe syncs.
    """

    creator = models.OneToOneField(Creator, on_delete=models.PROTECT, related_name="payout_account")
    stripe_account_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    country = models.CharField(max_length=2, blank=True)
    details_submitted = models.BooleanField(default=False)
    payouts_enabled = models.BooleanField(default=False)
    transfers = models.CharField(
        max_length=20, default="inactive", help_text="Stripe's `transfers` capability."
    )
    disabled_reason = models.CharField(max_length=100, blank=True)
    requirements_due = models.JSONField(default=list, blank=True)
    requirements_deadline = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe stops payouts unless it has what it asks for."
    )
    currency = models.CharField(max_length=3, blank=True, help_text="Of the bank account.")
    service_agreement = models.CharField(
        max_length=9, blank=True, help_text="full, or recipient where money crosses a border."
    )
    number = models.PositiveSmallIntegerField(default=1, help_text="The creator's first, second, … account.")
    ended = models.CharField(
        max_length=12, choices=Ended.choices, blank=True, default="", help_text="It is paid no more."
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    requested_at = models.DateTimeField(help_text="When the account was first asked of Stripe.")
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payouts_account_id_not_empty", condition=~models.Q(stripe_account_id="")
            ),
            models.CheckConstraint(
                name="payouts_account_ended_has_its_time",
                condition=models.Q(ended="", ended_at=None)
                | (~models.Q(ended="") & models.Q(ended_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_account_id or f"not connected ({self.creator_id})"

    @property
    def can_be_paid(self) -> bool:
        """Stripe pays this account out and lets us transfer to it."""
        enabled = self.payouts_enabled and self.transfers == "active"
        return bool(self.stripe_account_id) and enabled and not self.ended


class PastAccount(models.Model):
    """An account that a creator had before the one that it has: where former payouts went, and why it ended."""

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="past_accounts")
    stripe_account_id = models.CharField(max_length=64, unique=True)
    ended = models.CharField(max_length=12, choices=Ended.choices)
    ended_at = models.DateTimeField()
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.stripe_account_id} ({self.ended})"


class BankPayout(models.Model):
    """Stripe's payout from a connected account to its bank: what turns our `sent` into `paid`."""

    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="bank_payouts")
    stripe_id = models.CharField(max_length=64, unique=True)
    amount_cents = models.BigIntegerField()
    status = models.CharField(max_length=20)
    failure_code = models.CharField(max_length=100, blank=True)
    failure_detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(help_text="By Stripe's clock.")
    synced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.stripe_id} ({self.status})"
