from django.db import models

from marketplace.models import Creator


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
    requested_at = models.DateTimeField(help_text="When the account was first asked of Stripe.")
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payouts_account_id_not_empty", condition=~models.Q(stripe_account_id="")
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_account_id or f"not connected ({self.creator_id})"

    @property
    def can_be_paid(self) -> bool:
        """Stripe pays this account out and lets us transfer to it."""
        return bool(self.stripe_account_id) and self.payouts_enabled and self.transfers == "active"


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
