from billing.admin.agreements import AgreementAdmin
from billing.admin.invoices import InvoiceAdmin
from billing.admin.moves import SubscriptionMoveAdmin
from billing.admin.purchases import (
    BalanceTransactionAdmin,
    QuarantinedEventAdmin,
    SubscriptionAdmin,
    TopUpAdmin,
)
from billing.admin.vouchers import PromoGrantAdmin, VoucherAdmin
from billing.stripe.admin import EventAdmin, WebhookEndpointAdmin, WebhookEventTriggerAdmin

__all__ = [
    "AgreementAdmin",
    "BalanceTransactionAdmin",
    "EventAdmin",
    "InvoiceAdmin",
    "PromoGrantAdmin",
    "QuarantinedEventAdmin",
    "SubscriptionAdmin",
    "SubscriptionMoveAdmin",
    "TopUpAdmin",
    "VoucherAdmin",
    "WebhookEndpointAdmin",
    "WebhookEventTriggerAdmin",
]
