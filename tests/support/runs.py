"""Agents with a price, customers with credits, and runs between them."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from accounts import customers
from accounts.models import Customer
from billing.models import Subscription
from billing.operations import executions, settlement, subscriptions
from billing.runs import Allowed, Opening, Outcome, Report, Settled
from billing.stripe.checkout import Checkout, Payment
from marketplace import creators, listings, publishing
from marketplace.listings import Listing
from marketplace.models import Agent, Creator
from tests.support import ledger, market
from wallets import operations
from wallets.models import Wallet
from wallets.money import MICRO

MONDAY: Final = ledger.MONDAY
LONG_AGO: Final = MONDAY - dt.timedelta(days=60)
ROUTER: Final = "key:router"

PER_REQUEST: Final = """
pricing:
  model: usage_based
  rates:
    - metric: request
      amount: 50
"""
PER_TOKEN: Final = """
pricing:
  model: usage_based
  rates:
    - metric: input_tokens
      amount: 0.001
    - metric: output_tokens
      amount: 0.003
"""
FREE: Final = """
pricing:
  model: free
"""
SUBSCRIBED: Final = """
pricing:
  model: subscription
  subscription_tiers:
    - name: starter
      credits_per_month: 1000
      price_usd: 9.99
"""


def make_agent(
    slug: str = "echo",
    *,
    manifest: str = PER_REQUEST,
    creator: Creator | None = None,
    outcome_policy: str = "success",
    quota_unit: str = "",
    others: Sequence[Creator] = (),
    now: dt.datetime = LONG_AGO,
) -> Agent:
    """Publish an agent; its creator is Alice unless said, and others agreed to have a part of it."""
    owner = creator or make_creator(now=now)
    listing = Listing(name=slug.title(), slug=slug, outcome_policy=outcome_policy)
    agent = listings.create(creator=owner, listing=listing, now=now)
    market.collaborate(agent, *others)
    publishing.publish(agent=agent, manifest=manifest, actor="test", now=now, quota_unit=quota_unit)
    agent.refresh_from_db()
    return agent


def make_creator(name: str = "alice", *, now: dt.datetime = MONDAY) -> Creator:
    """Make a creator with a customer of its own."""
    customer = customers.open_customer(name=name.title(), email=f"{name}@example.com", now=now)
    return creators.open_creator(customer=customer, display_name=name.title(), now=now)


def make_customer(name: str = "bob", *, credits: int = 0, external_id: str | None = None) -> Customer:
    """Open a customer with a wallet, and with that many paid credits."""
    customer = customers.open_customer(
        name=name.title(), email=f"{name}@example.com", external_id=external_id, now=MONDAY
    )
    wallet = wallet_of(customer)
    if credits:
        ledger.buy(wallet, cents=credits // 10, payment=f"pi_{name}")
    return customer


def wallet_of(customer: Customer, *, scope: str = "") -> Wallet:
    """Give a customer's wallet, as it is now."""
    return operations.open_wallet(owner_type="consumer", owner_id=customer.pk, scope=scope, now=MONDAY)


def subscribe(customer: Customer, agent: Agent, *, now: dt.datetime = MONDAY) -> Subscription:
    """Give a customer a paid month of an agent's first tier, from Monday on unless said; with its credits."""
    version = agent.plan.versions.get()
    tier = version.tiers.get()
    subscription = Subscription.objects.create(
        customer=customer,
        agent=agent,
        version=version,
        tier=tier,
        credits=tier.credits_per_month,
        principal="test",
        idempotency_key=f"{customer.pk}:{agent.pk}",
        fingerprint=b"",
        amount_cents=999,
        created_at=now,
    )
    payment = Payment(
        intent_id=f"pi_sub_{customer.pk}",
        status="succeeded",
        currency="usd",
        received_cents=999,
        charge_id="",
        paid_at=now,
        failure="",
        balance_line=None,
    )
    paid = Checkout("", subscription.public_id, "complete", "paid", "usd", 999, payment)
    subscriptions.activate(subscription_id=subscription.pk, checkout=paid, payment=payment, now=now)
    subscription.refresh_from_db()
    return subscription


def opening(agent: Agent, customer: Customer, **changes: Any) -> Opening:
    """Ask for one request's run."""
    asked = {"usage": {"request": Decimal(1)}, "principal": ROUTER, **changes}
    return Opening(agent=agent.slug, caller=customer.public_id, **asked)


def reserve(agent: Agent, customer: Customer, *, now: dt.datetime = MONDAY, **changes: Any) -> Allowed:
    """Reserve a run that is covered."""
    found = executions.reserve(opening=opening(agent, customer, **changes), now=now)
    assert isinstance(found, Allowed), found
    return found


def settle(reserved: Allowed, *, requests: int = 1, now: dt.datetime = MONDAY, **changes: Any) -> Settled:
    """Settle a reserved run."""
    said = {"usage": {"request": Decimal(requests)}, "principal": ROUTER, **changes}
    return settlement.settle(report=Report(execution=reserved.execution, **said), now=now)


def charge_execution(execution: str) -> Settled:
    """Settle an execution by its id."""
    report = Report(execution=execution, usage={}, principal=ROUTER)
    return settlement.settle(report=report, now=MONDAY)


def charge(
    agent: Agent, customer: Customer, event_id: str, *, now: dt.datetime = MONDAY, **changes: Any
) -> Settled:
    """Charge a run that was not reserved."""
    said = {"usage": {"request": Decimal(1)}, "principal": ROUTER, **changes}
    report = Report(agent=agent.slug, caller=customer.public_id, event_id=event_id, **said)
    return settlement.settle(report=report, now=now)


def credits(amount: int | str) -> int:
    """Turn credits into micros."""
    return int(Decimal(amount) * MICRO)


FAILED: Final = Outcome.FAILED
