"""Find what was bought at a checkout."""

from accounts.models import Customer
from billing.models.invoice_payments import InvoicePayment
from billing.models.subscriptions import Subscription
from billing.models.topups import TopUp
from billing.queries import subscriptions
from config.kit import ids
from config.kit.errors import NotFoundError

Bought = TopUp | Subscription | InvoicePayment


def by_reference(*, reference: str) -> Bought | None:
    """Find what is paid for by the reference its checkout carries; None when it is not ours."""
    match reference[:4]:
        case ids.TOP_UP:
            return TopUp.objects.select_related("customer").filter(public_id=reference).first()
        case ids.SUBSCRIPTION:
            return Subscription.objects.select_related("customer").filter(public_id=reference).first()
        case ids.INVOICE_PAYMENT:
            return InvoicePayment.objects.filter(public_id=reference).first()
        case _:
            return None


def paid_by(*, intent_id: str) -> Bought | None:
    """Find what a PaymentIntent has paid; None when we credited nothing for it."""
    for paid in (
        TopUp.objects.select_related("customer"),
        Subscription.objects.select_related("customer"),
        InvoicePayment.objects.select_related("invoice__customer"),
    ):
        found: Bought | None = paid.filter(payment_intent_id=intent_id).first()
        if found is not None:
            return found
    return None


def payer(*, purchase: Bought) -> Customer:
    """Give who bought it."""
    return purchase.invoice.customer if isinstance(purchase, InvoicePayment) else purchase.customer


def top_up_of(*, customer: Customer, public_id: str) -> TopUp:
    """Give a customer's own top-up; raise NotFoundError for anybody else's."""
    found = TopUp.objects.filter(customer=customer, public_id=public_id).first()
    if found is None:
        raise NotFoundError(f"There is no top-up {public_id}.")
    return found


def subscription_of(*, customer: Customer, public_id: str) -> Subscription:
    """Give a customer's own subscription; raise NotFoundError for anybody else's."""
    found = subscriptions.of(customer=customer).filter(public_id=public_id).first()
    if found is None:
        raise NotFoundError(f"There is no subscription {public_id}.")
    return found
