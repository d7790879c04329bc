import datetime as dt

from django.db import models
from django.db.models import Q

from accounts.models import User
from config.kit import ids
from marketplace.models import Agent, Creator
from payouts.models.accounts import BankPayout, PayoutAccount
from payouts.models.runs import PayoutRun


def new_public_id() -> str:
    """Make a payout's public id."""
    return ids.new(ids.PAYOUT)


class Payout(models.Model):
    """What one creator is paid in one run; its calls to Stripe are PayoutAttempts."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        APPROVED = "approved", "Approved"
        SENDING = "sending", "Sending"
        UNKNOWN = "unknown", "Outcome unknown"
        SENT = "sent", "Sent"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        REVERSED = "reversed", "Reversed"
        CANCELLED = "cancelled", "Cancelled"

    # A dead payout gives its period and its earnings back to a later one.
    DEAD = (State.REVERSED, State.CANCELLED)
    # Out of payable, not yet out of Stripe's cash.
    IN_FLIGHT = (State.SENDING, State.UNKNOWN)
    # The transfer exists.
    TRANSFERRED = (State.SENT, State.PAID, State.REVERSED)
    # Promised, and still in payable: a later run must not promise it again.
    PROMISED = (State.DRAFT, State.APPROVED)

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="payouts")
    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="payouts")
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts")
    destination = models.CharField(max_length=64, help_text="The connected account that was approved.")
    period_start = models.DateField()
    period_end = models.DateField()
    scheduled_for = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    amount = models.BigIntegerField(help_text="Credit micros, a whole number of cents.")
    amount_cents = models.BigIntegerField()
    reversed_cents = models.BigIntegerField(default=0)
    stripe_transfer_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    transferred_at = models.DateTimeField(null=True, blank=True, help_text="By Stripe's clock.")
    bank_payout = models.ForeignKey(
        BankPayout, on_delete=models.PROTECT, null=True, blank=True, related_name="payouts"
    )
    failure_code = models.CharField(max_length=100, blank=True)
    failure_detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField(max_length=100, blank=True)
    needs_second = models.BooleanField(default=False, help_text="Too large for one person to approve.")
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("approve_payout", "Can start payout runs, approve and cancel payouts")]
        constraints = [
            models.UniqueConstraint(
                name="payouts_payout_one_live_per_run",
                fields=["creator", "run"],
                condition=~Q(state__in=["reversed", "cancelled"]),
            ),
            models.CheckConstraint(
                name="payouts_payout_positive", condition=Q(amount__gt=0, amount_cents__gt=0)
            ),
            # Who started the run or approved first cannot be the second.
            models.CheckConstraint(
                name="payouts_payout_second_is_another",
                condition=Q(decided_by=None)
                | (
                    Q(requested_by__isnull=False)
                    & ~Q(decided_by=models.F("requested_by"))
                    & (Q(started_by=None) | ~Q(decided_by=models.F("started_by")))
                ),
            ),
            models.CheckConstraint(
                name="payouts_payout_large_ones_by_two",
                condition=Q(needs_second=False)
                | Q(decided_by__isnull=False)
                | Q(state__in=["draft", "failed", "cancelled"]),
            ),
            models.CheckConstraint(
                name="payouts_payout_reversed_within",
                condition=Q(reversed_cents__gte=0, reversed_cents__lte=models.F("amount_cents")),
            ),
            models.CheckConstraint(
                name="payouts_payout_transfer_iff_sent",
                condition=Q(state__in=["sent", "paid", "reversed"], stripe_transfer_id__isnull=False)
                | (~Q(state__in=["sent", "paid", "reversed"]) & Q(stripe_transfer_id=None)),
            ),
        ]
        indexes = [
            models.Index(name="payouts_payout_state", fields=["state", "created_at"]),
            models.Index(name="payouts_payout_creator", fields=["creator", "-created_at"]),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def last_day(self) -> dt.date:
        """The day that closes the period: what people are shown."""
        return self.period_end - dt.timedelta(days=1)

    @property
    def waits_for_funds(self) -> bool:
        """Approved, tried, and put back because Stripe's balance was too low."""
        return self.state == self.State.APPROVED and self.failure_code == "balance_insufficient"


class PayoutItem(models.Model):
    """A line of a payout; the lines add up to its amount exactly."""

    class Kind(models.TextChoices):
        EARNINGS = "earnings", "Earnings"
        CARRIED_IN = "carried_in", "Carried over from before"
        REFUNDS = "refunds", "Refunded or disputed runs"
        RESERVE_HELD = "reserve_held", "Held back as a reserve"
        RESERVE_RELEASED = "reserve_released", "Let go from the reserve"
        DISPUTE_HELD = "dispute_held", "Held back while payments are disputed"
        DISPUTE_RELEASED = "dispute_released", "Let go as disputes ended"
        DEBT = "debt", "Debt taken off"
        GIVEN_BACK = "given_back", "Given back by earlier payouts"
        CARRIED_OUT = "carried_out", "Carried over to the next payout"

    payout = models.ForeignKey(Payout, on_delete=models.CASCADE, related_name="items")
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    day = models.DateField(null=True, blank=True)
    amount = models.BigIntegerField(help_text="Credit micros.")
    live = models.BooleanField(default=True, help_text="False once its payout is dead.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="payouts_item_earning_in_one_live_payout",
                fields=["creator", "agent", "day"],
                condition=Q(kind="earnings", live=True),
            ),
            models.CheckConstraint(
                name="payouts_item_earnings_name_agent_and_day",
                condition=Q(kind="earnings", agent__isnull=False, day__isnull=False)
                | (~Q(kind="earnings") & Q(agent=None, day=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
