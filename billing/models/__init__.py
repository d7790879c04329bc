from billing.models.executions import Earning, Execution
from billing.models.rollups import (
    AgentDay,
    AgentReadingDay,
    CallerDay,
    EarningDay,
    ReadingDay,
    RunDay,
)
from billing.models.stripe import BalanceTransaction, QuarantinedEvent, StripeCustomer
from billing.models.subscriptions import Subscription, SubscriptionPeriod, SubscriptionStateChange
from billing.models.topups import TopUp, TopUpStateChange
from billing.models.usage import UsageEvent, UsageEventKey

__all__ = [
    "AgentDay",
    "AgentReadingDay",
    "BalanceTransaction",
    "CallerDay",
    "Earning",
    "EarningDay",
    "Execution",
    "QuarantinedEvent",
    "ReadingDay",
    "RunDay",
    "StripeCustomer",
    "Subscription",
    "SubscriptionPeriod",
    "SubscriptionStateChange",
    "TopUp",
    "TopUpStateChange",
    "UsageEvent",
    "UsageEventKey",
]
