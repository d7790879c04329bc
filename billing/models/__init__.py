from billing.models.disputes import Dispute, DisputeStateChange
from billing.models.executions import Earning, Execution, RunLimit
from billing.models.invoice_payments import InvoicePayment
from billing.models.invoices import (
    BillingProfile,
    CreditNote,
    Invoice,
    InvoiceCounter,
    InvoiceDocument,
    InvoiceLine,
    InvoiceNotice,
    InvoiceStateChange,
)
from billing.models.meter_events import MeterEvent, MeterEventKey, MeterReversal
from billing.models.moves import SubscriptionMove
from billing.models.offers import PlanOffer
from billing.models.pulls import CreatorPull
from billing.models.refunds import Refund, RefundStateChange
from billing.models.rollups import (
    AgentDay,
    AgentReadingDay,
    CallerDay,
    EarningDay,
    ReadingDay,
    RunDay,
)
from billing.models.statements import StatementDocument
from billing.models.stripe import BalanceTransaction, QuarantinedEvent, StripeCustomer
from billing.models.subscriptions import (
    AddedSeats,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStateChange,
    Trial,
)
from billing.models.topups import TopUp, TopUpStateChange
from billing.models.usage import UsageEvent, UsageEventKey
from billing.models.vouchers import PromoGrant, Voucher, VoucherUse

__all__ = [
    "AddedSeats",
    "AgentDay",
    "AgentReadingDay",
    "BalanceTransaction",
    "BillingProfile",
    "CallerDay",
    "CreatorPull",
    "CreditNote",
    "Dispute",
    "DisputeStateChange",
    "Earning",
    "EarningDay",
    "Execution",
    "Invoice",
    "InvoiceCounter",
    "InvoiceDocument",
    "InvoiceLine",
    "InvoiceNotice",
    "InvoicePayment",
    "InvoiceStateChange",
    "MeterEvent",
    "MeterEventKey",
    "MeterReversal",
    "PlanOffer",
    "PromoGrant",
    "QuarantinedEvent",
    "ReadingDay",
    "Refund",
    "RefundStateChange",
    "RunDay",
    "RunLimit",
    "StatementDocument",
    "StripeCustomer",
    "Subscription",
    "SubscriptionMove",
    "SubscriptionPeriod",
    "SubscriptionStateChange",
    "TopUp",
    "TopUpStateChange",
    "Trial",
    "UsageEvent",
    "UsageEventKey",
    "Voucher",
    "VoucherUse",
]
