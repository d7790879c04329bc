from marketplace.models.agents import Agent, AgentStatusChange
from marketplace.models.creators import Creator
from marketplace.models.packages import CreditPackage
from marketplace.models.plans import Plan, PlanVersion, Price, PriceBand, SplitShare, SubscriptionTier
from marketplace.models.rate_cards import ModelRate, RateCard, RateMarkup, TokenClass

__all__ = [
    "Agent",
    "AgentStatusChange",
    "Creator",
    "CreditPackage",
    "ModelRate",
    "Plan",
    "PlanVersion",
    "Price",
    "PriceBand",
    "RateCard",
    "RateMarkup",
    "SplitShare",
    "SubscriptionTier",
    "TokenClass",
]
