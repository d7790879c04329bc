from billing.admin.invoices import InvoiceAdmin
from billing.admin.purchases import (
    BalanceTransactionAdmin,
    QuarantinedEventAdmin,
    SubscriptionAdmin,
    TopUpAdmin,
)
from billing.stripe.admin import EventAdmin, WebhookEndpointAdmin, WebhookEventTriggerAdmin

__all__ = [
    "BalanceTransactionAdmin",
    "EventAdmin",
    "InvoiceAdmin",
    "QuarantinedEventAdmin",
    "SubscriptionAdmin",
    "TopUpAdmin",
    "WebhookEndpointAdmin",
    "WebhookEventTriggerAdmin",
]
