from typing import Final

from django.db import models
from django.db.models import Q

from accounts.models import Customer
from billing.models.invoice_payments import InvoicePayment
from billing.models.subscriptions import Subscription
from billing.models.topups import TopUp
from wallets.models import Claw


class Dispute(models.Model):
    """A payment that its cardholder disputes at the bank, as far as we have followed it.

    Its state goes by the money: open when Stripe has taken it, won when Stripe has given it back.
    """

    class State(models.TextChoices):
        INQUIRY = "inquiry", "Inquiry: the bank asks, no money has moved"
        DROPPED = "dropped", "The inquiry came to nothing"
        OPEN = "open", "Open: the money is taken, the rest of its credits is frozen"
        WON = "won", "Won: money and credits are back"
        LOST = "lost", "Lost: the credits are taken back"

    stripe_id = models.CharField(max_length=60, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="disputes")
    top_up = models.ForeignKey(
        TopUp, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    invoice_payment = models.ForeignKey(
        InvoicePayment, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    payment_intent_id = models.CharField(max_length=60, db_index=True)
    charge_id = models.CharField(max_length=60, db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.INQUIRY)
    stripe_status = models.CharField(max_length=40)
    reason = models.CharField(max_length=60)
    amount_cents = models.BigIntegerField(help_text="What is disputed.")
    withdrawn_cents = models.BigIntegerField(default=0, help_text="What Stripe took, its fee aside.")
    fee_cents = models.BigIntegerField(default=0)
    evidence_due = models.DateTimeField(null=True, blank=True)
    evidence_sent = models.BooleanField(default=False)
    frozen = models.BigIntegerField(
        default=0,
        help_text="Credit micros set aside for it: what was free when it opened, and what holds let go of since.",
    )
    at_stake = models.BigIntegerField(
        default=0,
        help_text="Credit micros of what is disputed that could not be: they are spent, or held by runs.",
    )
    claw = models.OneToOneField(
        Claw,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="dispute",
        help_text="What was taken back when it was lost.",
    )
    disputed_at = models.DateTimeField(help_text="At Stripe.")
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True, help_text="When we booked that it was taken.")
    closed_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When we last asked Stripe.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="billing_dispute_of_one_payment",
                condition=Q(top_up__isnull=False, subscription=None, invoice_payment=None)
                | Q(top_up=None, subscription__isnull=False, invoice_payment=None)
                | Q(top_up=None, subscription=None, invoice_payment__isnull=False),
            ),
            models.CheckConstraint(
                name="billing_dispute_amounts",
                condition=Q(amount_cents__gt=0, withdrawn_cents__gte=0, frozen__gte=0, at_stake__gte=0),
            ),
            models.CheckConstraint(
                name="billing_dispute_open_is_withdrawn",
                condition=~Q(state="open") | Q(opened_at__isnull=False, withdrawn_cents__gt=0),
            ),
            models.CheckConstraint(
                name="billing_dispute_closed_says_when",
                condition=Q(state__in=["won", "lost"], closed_at__isnull=False)
                | (~Q(state__in=["won", "lost"]) & Q(closed_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                name="billing_dispute_under_way",
                fields=["customer"],
                condition=Q(state__in=["inquiry", "open"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stripe_id} {self.state}"


# What may still become of it, and what never changes again.
UNDER_WAY: Final = (Dispute.State.INQUIRY, Dispute.State.OPEN)
CLOSED: Final = (Dispute.State.WON, Dispute.State.LOST)


class DisputeStateChange(models.Model):
    """One step of a dispute's state, and what Stripe said then."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="changes")
    from_state = models.CharField(max_length=10, choices=Dispute.State.choices, default="", blank=True)
    to_state = models.CharField(max_length=10, choices=Dispute.State.choices)
    reason = models.CharField(max_length=300)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
