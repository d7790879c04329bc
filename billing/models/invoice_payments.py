from django.db import models
from django.db.models import Q

from billing.models.invoices import Invoice
from billing.models.purchases import Purchase
from config.kit import ids


def new_public_id() -> str:
    """Make an invoice payment's public id."""
    return ids.new(ids.INVOICE_PAYMENT)


class InvoicePayment(Purchase):
    """One attempt to collect an invoice, by the saved card or at Stripe's checkout. One at a time.

    It is written before Stripe hears of it, and its key at Stripe is made of its own id: whoever finds it pending
    repeats the same request, which charges nobody twice. Another attempt is another row, and needs this one closed.
    """

    class Method(models.TextChoices):
        CARD = "card"
        CHECKOUT = "checkout"

    class State(models.TextChoices):
        PENDING = "pending", "Not known yet: Stripe is being asked, or the customer is at the checkout"
        PAID = "paid"
        FAILED = "failed"
        EXPIRED = "expired"

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    number = models.PositiveIntegerField()
    method = models.CharField(max_length=10, choices=Method.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    stripe_customer_id = models.CharField(max_length=60, default="", blank=True)
    payment_method_id = models.CharField(max_length=60, default="", blank=True)
    failure_code = models.CharField(max_length=60, default="", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta(Purchase.Meta):
        constraints = [
            *Purchase.Meta.constraints,
            models.CheckConstraint(
                name="billing_invoicepayment_amount_positive", condition=Q(amount_cents__gt=0)
            ),
            models.UniqueConstraint(name="billing_invoicepayment_number", fields=["invoice", "number"]),
            models.UniqueConstraint(
                name="billing_invoicepayment_one_pending", fields=["invoice"], condition=Q(state="pending")
            ),
            models.UniqueConstraint(
                name="billing_invoicepayment_one_paid", fields=["invoice"], condition=Q(state="paid")
            ),
            models.CheckConstraint(
                name="billing_invoicepayment_paid_has_intent",
                condition=Q(state="paid", paid_at__isnull=False) | (~Q(state="paid") & Q(paid_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                name="billing_invoicepayment_pending", fields=["created_at"], condition=Q(state="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"
