"""Subscribe at the stand-in: ask for a tier, pay, and fulfil as the webhook's job does."""

from accounts.models import Customer
from billing.models import Subscription
from billing.operations import payments, subscriptions
from marketplace.models import Agent
from tests.support.checkout import NOW, pay
from tests.support.processes import StripeStandin

TIERS = """
pricing:
  model: subscription
  subscription_tiers:
    - name: starter
      credits_per_month: 1000
      price_usd: 9.99
    - name: pro
      credits_per_month: 10000
      price_usd: 49.99
    - name: bulk
      credits_per_month: 100000
      price_usd: 80.00
"""


def ask_for(customer: Customer, agent: Agent, *, tier: str = "starter", key: str = "first") -> Subscription:
    """Ask for a tier, as a page would."""
    found = subscriptions.request(
        customer=customer,
        principal=f"page:{customer.public_id}",
        key=key,
        agent=agent.slug,
        tier=tier,
        now=NOW,
    )
    return found.subscription


def subscribe(
    customer: Customer, agent: Agent, standin: StripeStandin, *, tier: str = "starter", key: str = "first"
) -> Subscription:
    """Subscribe and pay."""
    subscription = ask_for(customer, agent, tier=tier, key=key)
    pay(standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)
    subscription.refresh_from_db()
    return subscription
