from marketplace.models.agents import Agent, AgentStatusChange
from marketplace.models.agreements import Agreement, AgreementChange
from marketplace.models.collaborations import Collaboration
from marketplace.models.creators import Creator
from marketplace.models.features import Entitlement, Feature, Meter
from marketplace.models.packages import CreditPackage
from marketplace.models.plans import Plan, PlanVersion, Price, PriceBand, SplitShare, SubscriptionTier
from marketplace.models.rate_cards import ModelRate, RateAlert, RateCard, RateMarkup, TokenClass

__all__ = [
    "Agent",
    "AgentStatusChange",
    "Agreement",
    "AgreementChange",
    "Collaboration",
    "Creator",
    "CreditPackage",
    "Entitlement",
    "Feature",
    "Meter",
    "ModelRate",
    "Plan",
    "PlanVersion",
    "Price",
    "PriceBand",
    "RateAlert",
    "RateCard",
    "RateMarkup",
    "SplitShare",
    "SubscriptionTier",
    "TokenClass",
]
