from django.db import models
from django.db.models import Q


class Purchase(models.Model):
    """What a customer is about to pay for at Stripe's checkout. Written before Stripe hears of it.

    What the request to Stripe says (amount, addresses) is frozen here: a retry under the same key must not drift.
    """

    principal = models.CharField(max_length=80, help_text="Who asked: a key, or a customer's page.")
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32, help_text="SHA-256 of what was asked.")
    amount_cents = models.BigIntegerField()
    success_url = models.CharField(max_length=2000)
    cancel_url = models.CharField(max_length=2000)
    calling_until = models.DateTimeField(
        null=True, blank=True, help_text="A call to Stripe is in flight until then at the latest."
    )
    stripe_session_id = models.CharField(max_length=120, default="", blank=True)
    checkout_url = models.CharField(max_length=2000, default="", blank=True)
    payment_intent_id = models.CharField(max_length=60, unique=True, null=True, blank=True)
    charge_id = models.CharField(max_length=60, default="", blank=True)
    fee_cents = models.BigIntegerField(null=True, blank=True, help_text="Null until Stripe has told it.")
    failure = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When the checkout lapses.")
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When a sweeper last asked Stripe.")
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(name="billing_%(class)s_once", fields=["principal", "idempotency_key"]),
            models.UniqueConstraint(
                name="billing_%(class)s_one_session",
                fields=["stripe_session_id"],
                condition=~Q(stripe_session_id=""),
            ),
            models.CheckConstraint(
                name="billing_%(class)s_paid_has_payment",
                condition=Q(paid_at=None, payment_intent_id=None)
                | Q(paid_at__isnull=False, payment_intent_id__isnull=False),
            ),
        ]
