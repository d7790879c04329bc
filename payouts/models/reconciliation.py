from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models import BalanceTransaction
from config.kit import ids
from wallets.models import ClosedDay, Transaction


def new_correction_id() -> str:
    """Make a correction's public id."""
    return ids.new(ids.CORRECTION)


class Reconciliation(models.Model):
    """One comparison of Stripe's account of our cash with ours: what it covered and what it found."""

    first_day = models.DateField()
    last_day = models.DateField()
    started_by = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    matched = models.PositiveIntegerField(help_text="Causes on which both sides agree.")
    pending = models.PositiveIntegerField(help_text="Too young to tell.")
    found = models.PositiveIntegerField(help_text="Discrepancies open at its end.")
    filled = models.PositiveIntegerField(help_text="Lines that no webhook had told of, asked for again.")

    class Meta:
        permissions = [("correct_books", "Can reconcile, and request and decide corrections")]
        constraints = [
            models.CheckConstraint(
                name="payouts_reconciliation_forward", condition=Q(last_day__gte=F("first_day"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}"


class ReconciledDay(models.Model):
    """How a UTC day stands: what was compared, and whether it is closed."""

    day = models.DateField(primary_key=True)
    matched = models.PositiveIntegerField()
    discrepancies = models.PositiveIntegerField(help_text="Open ones of this day.")
    net = models.BigIntegerField(help_text="USD micros by which Stripe says our balance changed.")
    reconciled_at = models.DateTimeField()
    closed = models.OneToOneField(
        ClosedDay, on_delete=models.PROTECT, null=True, blank=True, related_name="reconciled"
    )

    def __str__(self) -> str:
        return str(self.day)

    @property
    def state(self) -> str:
        """Say whether the day still takes bookings."""
        return "closed" if self.closed_id else "open"


class Discrepancy(models.Model):
    """One cause on which Stripe and our books do not agree, until it is explained."""

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here", "Not in our books"
        MISSING_THERE = "missing_there", "Not at Stripe"
        AMOUNT = "amount", "Another amount"
        ACCOUNT = "account", "Another account"
        TIMING = "timing", "Another day"
        EXTRA = "extra", "Booked twice"
        UNEXPLAINED = "unexplained", "In suspense"

    kind = models.CharField(max_length=15, choices=Kind.choices)
    key = models.CharField("cause", max_length=130, help_text="What both sides name it by.")
    balance_transaction = models.ForeignKey(
        BalanceTransaction, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    amount = models.BigIntegerField(help_text="USD micros missing in our books; negative: too much there.")
    detail = models.CharField(max_length=300)
    day = models.DateField(db_index=True)
    since = models.DateTimeField(help_text="When it was first seen.")
    seen_at = models.DateTimeField(help_text="When it was last seen.")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=80, default="", blank=True)
    how = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        verbose_name_plural = "discrepancies"
        constraints = [
            models.UniqueConstraint(
                name="payouts_discrepancy_one_open", fields=["key"], condition=Q(resolved_at=None)
            ),
            models.CheckConstraint(
                name="payouts_discrepancy_resolved_by_somebody",
                condition=Q(resolved_at=None, resolved_by="", how="")
                | (Q(resolved_at__isnull=False) & ~Q(resolved_by="") & ~Q(how="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.key}"


class Correction(models.Model):
    """What mends a discrepancy: asked for by one, decided by another, posted as a transaction of its own."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        APPROVED = "approved"
        DECLINED = "declined"
        APPLIED = "applied"

    public_id = models.CharField(max_length=30, unique=True, default=new_correction_id, editable=False)
    discrepancy = models.ForeignKey(Discrepancy, on_delete=models.PROTECT, related_name="corrections")
    account = models.CharField(max_length=20, help_text="The account that takes the difference.")
    amount = models.BigIntegerField(help_text="USD micros by which our cash changes, or suspense is cleared.")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="payouts_correction_one_requested",
                fields=["discrepancy"],
                condition=Q(state="requested"),
            ),
            models.CheckConstraint(
                name="payouts_correction_by_two",
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="payouts_correction_decided",
                condition=Q(state="requested", decided_by=None, decided_at=None)
                | (~Q(state="requested") & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="payouts_correction_posted",
                condition=Q(state="applied", transaction__isnull=False)
                | Q(state="applied", account="")
                | (~Q(state="applied") & Q(transaction=None)),
            ),
            models.CheckConstraint(name="payouts_correction_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.public_id
