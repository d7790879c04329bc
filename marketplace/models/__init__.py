from marketplace.models.agents import Agent, AgentStatusChange
from marketplace.models.creators import Creator
from marketplace.models.packages import CreditPackage
from marketplace.models.plans import Plan, PlanVersion, Price, PriceBand, SplitShare, SubscriptionTier

__all__ = [
    "Agent",
    "AgentStatusChange",
    "Creator",
    "CreditPackage",
    "Plan",
    "PlanVersion",
    "Price",
    "PriceBand",
    "SplitShare",
    "SubscriptionTier",
]
