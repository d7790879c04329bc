from django.db import models
from django.db.models import F, Q

from accounts.models import Customer
from marketplace.models import Agent, Creator, PlanVersion
from wallets.models import Hold, Transaction, Wallet

OPEN_STATES = ["reserved", "running"]
CHARGED_STATES = ["settled", "unbilled"]


class Execution(models.Model):
    """One run: quote, hold, meter, settle, split, receipt. Whatever must be answered again is stored here.

    Only the functions of `billing/sql` write it. The cells of its split are what posting, earnings and the
    receipt read: `[[funding class, creator or null, amount], ...]`.
    """

    class State(models.TextChoices):
        RESERVED = "reserved"
        RUNNING = "running"
        SETTLED = "settled"
        RELEASED = "released"
        EXPIRED = "expired"
        UNBILLED = "unbilled"

    class Source(models.TextChoices):
        ROUTER = "router"
        PAGE = "page"
        # What a creator's plan costs above the face of its credits: no run, but split and posted like one.
        PLAN_FEE = "plan_fee"

    public_id = models.CharField(max_length=30, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=State.choices)
    source = models.CharField(max_length=10, choices=Source.choices)
    principal = models.CharField(max_length=80, help_text="Who opened it: key:12, page:cst_….")
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="executions", db_index=False
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="executions", db_index=False)
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # Unindexed: a hold names its execution as its source, and setting this stays a cheap update.
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # What it takes from a quota beside the credits, where its version names one.
    quota_wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    quota_hold = models.ForeignKey(
        Hold, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    quota_held = models.BigIntegerField(db_default=0, help_text="Micros of the quota's unit.")
    quota_used = models.BigIntegerField(db_default=0)

    caller_key = models.CharField(max_length=200, db_default="", blank=True)
    end_user = models.CharField(max_length=200, db_default="", blank=True)
    counts_at_once = models.BooleanField(
        db_default=False, help_text="While open, it takes one of the runs that the plan allows at a time."
    )
    own_key = models.BooleanField(db_default=False, help_text="The caller brought its own provider key.")
    model = models.CharField(max_length=120, db_default="", blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  (no key: many rows)
    fingerprint = models.BinaryField(max_length=32, null=True, help_text="SHA-256 of the opening request.")
    settle_fingerprint = models.BinaryField(max_length=32, null=True)

    estimate = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)
    max_charge = models.BigIntegerField(null=True)
    quoted_usage = models.JSONField(null=True)
    sequence = models.BigIntegerField(null=True, help_text="Number of the newest reading.")
    metered_usage = models.JSONField(null=True)
    metered = models.BigIntegerField(db_default=0)

    usage = models.JSONField(null=True)
    lines = models.JSONField(null=True)
    outcome = models.CharField(max_length=10, db_default="", blank=True)
    reason = models.CharField(max_length=300, db_default="", blank=True, help_text="Why it was released.")
    cost = models.BigIntegerField(db_default=0, help_text="What the readings come to.")
    charged = models.BigIntegerField(db_default=0)
    released = models.BigIntegerField(db_default=0)
    unbilled = models.BigIntegerField(db_default=0, help_text="Cost that nobody pays: the platform's loss.")
    cells = models.JSONField(db_default=[])
    platform_amount = models.BigIntegerField(db_default=0)
    cash = models.BigIntegerField(db_default=0, help_text="USD micros of the credits burned.")
    overage = models.BigIntegerField(
        db_default=0, help_text="USD micros that stand for what was burned below zero."
    )
    zero_cash_earned = models.BigIntegerField(
        db_default=0, help_text="Creators' part that no cash stands behind."
    )
    processing = models.BigIntegerField(
        db_default=0, help_text="USD micros; informative, inside the platform's part."
    )
    self_dealing = models.BooleanField(db_default=False)
    available_after_reserve = models.BigIntegerField(db_default=0)
    available_after_settle = models.BigIntegerField(db_default=0)

    occurred_at = models.DateTimeField(null=True, help_text="When the run ended, says the router.")
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True, help_text="When all that was charged was given back.")
    # Without a foreign key in the database, like those of Earning: see there.
    settlement = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, null=True, related_name="execution", db_constraint=False
    )
    posting = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, related_name="posted_executions"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="billing_execution_key_once", fields=["principal", "idempotency_key"]
            ),
            models.CheckConstraint(
                name="billing_execution_state_known",
                condition=Q(state__in=[*OPEN_STATES, *CHARGED_STATES, "released", "expired"]),
            ),
            models.CheckConstraint(
                name="billing_execution_open_or_closed",
                condition=Q(state__in=OPEN_STATES, closed_at=None)
                | (~Q(state__in=OPEN_STATES) & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="billing_execution_amounts_not_negative",
                condition=Q(estimate__gte=0, held__gte=0, metered__gte=0, cost__gte=0, charged__gte=0)
                & Q(released__gte=0, unbilled__gte=0, platform_amount__gte=0, cash__gte=0)
                & Q(overage__gte=0, zero_cash_earned__gte=0, processing__gte=0),
            ),
            models.CheckConstraint(
                name="billing_execution_charged_at_most_max_charge",
                condition=Q(max_charge=None) | Q(charged__lte=F("max_charge")),
            ),
            models.CheckConstraint(
                name="billing_execution_cost_is_charged_or_unbilled",
                condition=~Q(state__in=CHARGED_STATES) | Q(cost=F("charged") + F("unbilled")),
            ),
            models.CheckConstraint(
                name="billing_execution_charge_has_settlement",
                condition=Q(charged=0, settlement=None)
                | Q(state="settled", charged__gt=0, settlement__isnull=False),
            ),
            models.CheckConstraint(
                name="billing_execution_platform_within_charge",
                condition=Q(platform_amount__lte=F("charged")),
            ),
            models.CheckConstraint(
                name="billing_execution_posted_is_charged", condition=Q(posting=None) | Q(charged__gt=0)
            ),
            models.CheckConstraint(
                name="billing_execution_hold_covers_held",
                condition=Q(held=0, hold=None) | Q(held__gt=0, hold__isnull=False),
            ),
            models.CheckConstraint(
                name="billing_execution_quota_hold_covers_held",
                condition=Q(quota_held=0, quota_hold=None) | Q(quota_held__gt=0, quota_hold__isnull=False),
            ),
            models.CheckConstraint(
                name="billing_execution_quota_used_of_a_quota",
                condition=Q(quota_used=0) | Q(quota_used__gt=0, quota_wallet__isnull=False),
            ),
            # What waits in clearing has earned nobody anything yet: it is posted first.
            models.CheckConstraint(
                name="billing_execution_undone_was_posted",
                condition=Q(undone_at=None)
                | (Q(state="settled") & ~Q(source="plan_fee") & (Q(charged=0) | Q(posting__isnull=False))),
            ),
        ]
        indexes = [
            models.Index(
                name="billing_execution_due", fields=["expires_at"], condition=Q(state__in=OPEN_STATES)
            ),
            models.Index(
                name="billing_execution_unposted",
                fields=["closed_at", "id"],
                condition=Q(state="settled", charged__gt=0, posting=None),
            ),
            models.Index(name="billing_execution_customer", fields=["customer", "-opened_at", "-id"]),
            models.Index(name="billing_execution_agent", fields=["agent", "-closed_at"]),
            models.Index(
                name="billing_execution_at_once",
                fields=["customer", "expires_at"],
                condition=Q(counts_at_once=True, state__in=OPEN_STATES),
            ),
            models.Index(
                name="billing_execution_undone", fields=["undone_at"], condition=Q(undone_at__isnull=False)
            ),
        ]
        permissions = [("undo_execution", "Can undo a settled run")]

    def __str__(self) -> str:
        return f"{self.public_id} {self.shown_state}"

    @property
    def is_open(self) -> bool:
        """Tell whether it still waits for its settlement."""
        return self.state in OPEN_STATES

    @property
    def shown_state(self) -> str:
        """Name the state as people read it: what was settled may have been undone."""
        return "undone" if self.undone_at else self.state

    @property
    def creator_amount(self) -> int:
        """What the creators of it earn together."""
        return self.charged - self.platform_amount


class RunLimit(models.Model):
    """How many runs a customer may have open at a time, where its plan says so; no row: as many as one likes."""

    customer = models.OneToOneField(
        Customer, on_delete=models.PROTECT, primary_key=True, related_name="run_limit"
    )
    most = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.most} at a time"


class Earning(models.Model):
    """A creator's part of one execution, by UTC day of settle. Append-only; in the ledger once posted.

    No foreign keys in the database: each settlement would lock its creator's row and its agent's, which all runs
    of one creator share. `check_books` compares what is here with the executions' cells.
    """

    execution = models.ForeignKey(
        Execution, on_delete=models.PROTECT, related_name="earnings", db_index=False, db_constraint=False
    )
    creator = models.ForeignKey(
        Creator, on_delete=models.PROTECT, related_name="earnings", db_index=False, db_constraint=False
    )
    agent = models.ForeignKey(
        Agent, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    amount = models.BigIntegerField()
    zero_cash_amount = models.BigIntegerField(help_text="The part from grants that no cash stands behind.")
    day = models.DateField()
    earned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="billing_earning_once", fields=["execution", "creator"]),
            models.CheckConstraint(
                name="billing_earning_positive",
                condition=Q(amount__gt=0, zero_cash_amount__gte=0, zero_cash_amount__lte=F("amount")),
            ),
        ]
        indexes = [models.Index(name="billing_earning_creator_day", fields=["creator", "day"])]

    def __str__(self) -> str:
        return f"{self.amount} to creator {self.creator_id}"
