from billing.models.executions import Earning, Execution
from billing.models.stripe import BalanceTransaction, QuarantinedEvent, StripeCustomer
from billing.models.subscriptions import Subscription, SubscriptionPeriod, SubscriptionStateChange
from billing.models.topups import TopUp, TopUpStateChange
from billing.models.usage import UsageEvent, UsageEventKey

__all__ = [
    "BalanceTransaction",
    "Earning",
    "Execution",
    "QuarantinedEvent",
    "StripeCustomer",
    "Subscription",
    "SubscriptionPeriod",
    "SubscriptionStateChange",
    "TopUp",
    "TopUpStateChange",
    "UsageEvent",
    "UsageEventKey",
]
