from django.db import models
from django.db.models import F, Q

from accounts.models import Customer
from billing.models.subscriptions import AddedSeats, Subscription, SubscriptionPeriod
from config.kit import ids
from marketplace.models import Agent
from wallets.models import Wallet

# Lines that are booked when they are paid, and bring something then.
FEES = ("fee", "seats")


def new_public_id() -> str:
    """Make an invoice's public id."""
    return ids.new(ids.INVOICE)


def new_note_id() -> str:
    """Make a credit note's public id."""
    return ids.new(ids.CREDIT_NOTE)


class InvoiceCounter(models.Model):
    """The last number of a series. Its row is locked until the invoice commits, so that numbers have no gaps."""

    class Series(models.TextChoices):
        INVOICE = "invoice"
        CREDIT_NOTE = "credit_note"

    series = models.CharField(max_length=20, primary_key=True, choices=Series.choices)
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="billing_invoicecounter_not_negative", condition=Q(last__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.last}"


class BillingProfile(models.Model):
    """What a customer wants on its invoices, and where it is taxed. An invoice keeps its own copy."""

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="billing_profile")
    name = models.CharField(max_length=200, default="", blank=True)
    address = models.CharField(max_length=500, default="", blank=True)
    country = models.CharField(max_length=2, default="", blank=True, help_text="ISO 3166, two letters.")
    tax_id = models.CharField(max_length=40, default="", blank=True)
    card = models.CharField(
        max_length=60, default="", blank=True, help_text="The card on file, as pages show it."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="billing_billingprofile_country_known",
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.country}"


class Invoice(models.Model):
    """What a customer owes for a period, over all plans and agents. A draft collects lines; finalising numbers it."""

    class State(models.TextChoices):
        DRAFT = "draft"
        OPEN = "open"
        PAID = "paid"
        UNCOLLECTIBLE = "uncollectible"
        VOID = "void"

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices", db_index=False)
    number = models.BigIntegerField(unique=True, null=True, blank=True)
    state = models.CharField(max_length=15, choices=State.choices, default=State.DRAFT)
    collecting = models.BooleanField(
        default=True, help_text="It gathers lines until its period ends; else it was made for one purchase."
    )
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    currency = models.CharField(max_length=3, default="usd")
    subtotal_cents = models.BigIntegerField(default=0)
    tax_cents = models.BigIntegerField(default=0)
    total_cents = models.BigIntegerField(default=0)
    credited_cents = models.BigIntegerField(
        default=0, help_text="Taken off by credit notes before it was paid."
    )
    credited_tax_cents = models.BigIntegerField(default=0, help_text="The tax inside of that.")
    tax_country = models.CharField(max_length=2, default="", blank=True)
    tax_rate = models.DecimalField(
        max_digits=7, decimal_places=4, default=0, help_text="Percent, as it was at finalisation."
    )
    bill_to = models.JSONField(
        default=dict, help_text="Name, address and tax id, as they were at finalisation."
    )
    created_at = models.DateTimeField()
    finalise_at = models.DateTimeField(
        null=True, blank=True, help_text="When the grace for late events ends."
    )
    issued_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When it was voided or given up.")
    attempts = models.PositiveIntegerField(default=0, help_text="Charges that failed.")
    first_failed_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(
        null=True, blank=True, help_text="When the saved card is charged next; null: not by itself."
    )
    payment_intent_id = models.CharField(max_length=60, unique=True, null=True, blank=True)
    failure = models.CharField(max_length=300, default="", blank=True)
    failure_code = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="billing_invoice_one_draft",
                fields=["customer"],
                condition=Q(state="draft", collecting=True),
            ),
            models.CheckConstraint(
                name="billing_invoice_number_when_issued",
                condition=Q(state="draft", number=None, issued_at=None)
                | (~Q(state="draft") & Q(number__gt=0, issued_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="billing_invoice_paid_has_time",
                condition=Q(state="paid", paid_at__isnull=False) | (~Q(state="paid") & Q(paid_at=None)),
            ),
            models.CheckConstraint(
                name="billing_invoice_closed_has_time",
                condition=Q(state__in=["void", "uncollectible"], closed_at__isnull=False)
                | (~Q(state__in=["void", "uncollectible"]) & Q(closed_at=None)),
            ),
            models.CheckConstraint(
                name="billing_invoice_total",
                condition=Q(total_cents=F("subtotal_cents") + F("tax_cents"), total_cents__gte=0)
                & Q(tax_cents__gte=0, credited_cents__gte=0, credited_cents__lte=F("total_cents"))
                & Q(credited_tax_cents__gte=0, credited_tax_cents__lte=F("credited_cents")),
            ),
            models.CheckConstraint(
                name="billing_invoice_period_forward", condition=Q(period_end__gt=F("period_start"))
            ),
        ]
        indexes = [
            models.Index(name="billing_invoice_customer", fields=["customer", "-created_at"]),
            models.Index(
                name="billing_invoice_due_draft", fields=["finalise_at"], condition=Q(state="draft")
            ),
            models.Index(
                name="billing_invoice_due_charge", fields=["next_attempt_at"], condition=Q(state="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"

    @property
    def due_cents(self) -> int:
        """Give what is still to be paid while it can be."""
        return self.total_cents - self.credited_cents

    @property
    def is_payable(self) -> bool:
        """Say whether a payment closes it: one that was given up may be paid late."""
        return self.state in {self.State.OPEN, self.State.UNCOLLECTIBLE}


class InvoiceLine(models.Model):
    """One line: what, how much, at which rate. `source` names its one cause, so that a repeat adds nothing."""

    class Kind(models.TextChoices):
        FEE = "fee", "A period's fee: booked when it is paid"
        SEATS = "seats", "Seats added within a period: booked when they are paid"
        OVERAGE = "overage", "Debt of a wallet: billed when the invoice is final"
        USAGE = "usage", "Use in arrears"
        COMMITMENT = "commitment", "What was committed and not used"
        PRORATION = "proration", "A change within a period"
        CREDIT = "credit", "From a credit note"
        ADJUSTMENT = "adjustment", "A late event or a correction"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    place = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.CharField(max_length=300)
    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    period = models.ForeignKey(
        SubscriptionPeriod, on_delete=models.PROTECT, null=True, blank=True, related_name="invoice_lines"
    )
    added = models.OneToOneField(
        AddedSeats, on_delete=models.PROTECT, null=True, blank=True, related_name="invoice_line"
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    model = models.CharField(max_length=200, default="", blank=True)
    metric = models.CharField(max_length=60, default="", blank=True)
    quantity = models.DecimalField(max_digits=38, decimal_places=12, null=True, blank=True)
    rate = models.DecimalField(
        max_digits=38, decimal_places=12, null=True, blank=True, help_text="USD for one."
    )
    tier = models.CharField(max_length=100, default="", blank=True)
    amount_micros = models.BigIntegerField(help_text="USD micros, exact.")
    amount_cents = models.BigIntegerField(help_text="Rounded half up, once.")
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose debt it is.",
    )
    debt = models.BigIntegerField(default=0, help_text="Micros of the wallet's unit that the line bills.")
    source = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="billing_invoiceline_place", fields=["invoice", "place"]),
            models.UniqueConstraint(
                name="billing_invoiceline_one_fee", fields=["period"], condition=Q(kind="fee")
            ),
            models.CheckConstraint(
                name="billing_invoiceline_fee_has_period",
                condition=~Q(kind__in=FEES) | Q(period__isnull=False, subscription__isnull=False),
            ),
            models.CheckConstraint(
                name="billing_invoiceline_seats_are_added",
                condition=Q(kind="seats", added__isnull=False) | (~Q(kind="seats") & Q(added=None)),
            ),
            models.CheckConstraint(
                name="billing_invoiceline_overage_has_debt",
                condition=Q(kind="overage", wallet__isnull=False, debt__gte=0)
                | (~Q(kind="overage") & Q(wallet=None, debt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.text}: {self.amount_cents}"


class InvoiceStateChange(models.Model):
    """One step of an invoice's state, and why."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="changes")
    from_state = models.CharField(max_length=15, choices=Invoice.State.choices)
    to_state = models.CharField(max_length=15, choices=Invoice.State.choices)
    reason = models.CharField(max_length=300)
    actor = models.CharField(max_length=80)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"


class CreditNote(models.Model):
    """What is taken back of an invoice's line: off what is due, or onto the next invoice when it was paid."""

    public_id = models.CharField(max_length=30, unique=True, default=new_note_id, editable=False)
    number = models.BigIntegerField(unique=True)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    amount_cents = models.BigIntegerField(help_text="Tax included.")
    tax_cents = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=300)
    actor = models.CharField(max_length=80)
    reference = models.CharField(max_length=120, unique=True, help_text="What makes it happen once.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="billing_creditnote_amounts",
                condition=Q(amount_cents__gt=0, tax_cents__gte=0, tax_cents__lte=F("amount_cents")),
            ),
        ]

    def __str__(self) -> str:
        return f"CN {self.number}"


class InvoiceDocument(models.Model):
    """An invoice as a file, made once by the worker: what was issued never changes."""

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="document")
    body = models.BinaryField(null=True)
    problem = models.CharField(max_length=300, default="", blank=True, help_text="Why there is none.")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.problem or 'pdf'}"


class InvoiceNotice(models.Model):
    """A mail about an invoice: written with what it tells of, sent by the worker."""

    class Kind(models.TextChoices):
        ISSUED = "issued"
        PAID = "paid"
        FAILED = "failed", "It will be tried again"
        ACTION = "action", "The customer must act: another card, or the bank asks"
        GIVEN_UP = "given_up"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    attempt = models.PositiveIntegerField(default=0, help_text="Which failed charge it tells of.")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="billing_invoicenotice_once", fields=["invoice", "kind", "attempt"]),
        ]
        indexes = [
            models.Index(
                name="billing_invoicenotice_unsent", fields=["created_at"], condition=Q(sent_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.invoice_id}"
