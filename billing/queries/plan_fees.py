"""What creators earned of a payment at once: the fees above the face of their plans' credits (ledger.md rule 18)."""

from typing import Final

from django.db.models import Q, QuerySet

from billing.models.executions import Execution
from billing.models.subscriptions import SubscriptionPeriod
from billing.queries.subscriptions import period_ref
from wallets.models import Transaction

# The fees by the payments that brought them: (purchase, id, public_id, platform_amount).
BY_PAYMENT: Final = """
    SELECT n.payment_intent_id AS purchase, x.id, x.public_id, x.platform_amount
    FROM billing_subscriptionperiod n
    JOIN billing_subscription s ON s.id = n.subscription_id AND s.agent_id IS NOT NULL
    JOIN wallets_transaction t ON t.kind = 'subscription' AND (t.source_type, t.source_id)
        IN (('payment_intent', n.payment_intent_id), ('subscription_period', s.public_id || ':' || n.number))
    JOIN billing_execution x ON x.settlement_id = t.id AND x.source = 'plan_fee'
"""


def of_payment(*, intent_id: str) -> QuerySet[Execution]:
    """Select the fees that a payment brought: an invoice may have paid for several plans."""
    periods = SubscriptionPeriod.objects.filter(payment_intent_id=intent_id).select_related("subscription")
    named = Q(source_type="payment_intent", source_id=intent_id)
    renewed = Q(source_type="subscription_period", source_id__in=[period_ref(each) for each in periods])
    booked = Transaction.objects.filter(named | renewed, kind="subscription")
    return Execution.objects.filter(source=Execution.Source.PLAN_FEE, settlement__in=booked).order_by("pk")
