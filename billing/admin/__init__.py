from billing.admin.agreements import AgreementAdmin
from billing.admin.disputes import DisputeAdmin
from billing.admin.invoices import InvoiceAdmin
from billing.admin.moves import SubscriptionMoveAdmin
from billing.admin.purchases import (
    BalanceTransactionAdmin,
    QuarantinedEventAdmin,
    SubscriptionAdmin,
    TopUpAdmin,
)
from billing.admin.refunds import RefundAdmin
from billing.admin.vouchers import PromoGrantAdmin, VoucherAdmin
from billing.stripe.admin import EventAdmin, WebhookEndpointAdmin, WebhookEventTriggerAdmin

__all__ = [
    "AgreementAdmin",
    "BalanceTransactionAdmin",
    "DisputeAdmin",
    "EventAdmin",
    "InvoiceAdmin",
    "PromoGrantAdmin",
    "QuarantinedEventAdmin",
    "RefundAdmin",
    "SubscriptionAdmin",
    "SubscriptionMoveAdmin",
    "TopUpAdmin",
    "VoucherAdmin",
    "WebhookEndpointAdmin",
    "WebhookEventTriggerAdmin",
]
