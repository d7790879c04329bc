"""Who plays in a replay: agents priced per token, customers with credits, and the router's key."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts import customers, keys
from accounts.keys import IssuedKey
from accounts.models import ApiKey, Customer
from billing.replay.trace import EXPECTED_OUTPUT, Call, cost
from marketplace import creators, listings, publishing
from marketplace.listings import Listing
from marketplace.models import Agent, Creator
from wallets import money, operations

SLUG: Final = "per-token"
CREATOR: Final = "replay-creator"
ACTOR: Final = "job:replay"
MANIFEST: Final = """
pricing:
  model: usage_based
  rates:
    - metric: input_tokens
      amount: 0.001
    - metric: output_tokens
      amount: 0.003
"""


@dataclass(frozen=True, slots=True)
class Cast:
    """The agents and callers by name, and the router's key."""

    agents: list[str]
    callers: list[str]
    router: IssuedKey


def assemble(
    *, calls: list[Call], agents: int, callers: int, at_once: int, run: str, now: dt.datetime
) -> Cast:
    """Open and fund everybody; what exists from an earlier replay is used again."""
    names = [f"replay-{number}" for number in range(1, callers + 1)]
    for place, name in enumerate(names):
        _fund(name, calls[place::callers], at_once, run, now)
    router = keys.issue(kind=ApiKey.Kind.ROUTER, name=f"replay {run}", now=now)
    return Cast([_agent(number, now) for number in range(1, agents + 1)], names, router)


def _fund(name: str, calls: list[Call], at_once: int, run: str, now: dt.datetime) -> None:
    customer = _customer(name, now)
    wallet = operations.open_wallet(owner_type="consumer", owner_id=customer.pk, now=now)
    # What its calls cost, and room for the holds of those that run at once.
    largest = max((call.input_tokens for call in calls), default=0)
    room = at_once * cost(calls=[Call(0, 0, largest, EXPECTED_OUTPUT)])
    operations.adjust(
        wallet=wallet,
        amount=int((cost(calls=calls) + room + Decimal(1)) * money.MICRO),
        reference=f"replay:{run}:{name}",
        reason="Credits for a replay",
        actor=ACTOR,
        now=now,
    )


def _customer(name: str, now: dt.datetime) -> Customer:
    found = Customer.objects.filter(external_id=name).first()
    email = f"{name}@replay.example"
    return found or customers.open_customer(name=name, email=email, external_id=name, now=now)


def _agent(number: int, now: dt.datetime) -> str:
    """Give the slug of the agent with this number; all have the same price."""
    slug = SLUG if number == 1 else f"{SLUG}-{number}"
    if not Agent.objects.filter(slug=slug, status=Agent.Status.PUBLISHED).exists():
        listing = Listing(name=f"Per token {number}", slug=slug, summary="Priced per token, for replays")
        agent = Agent.objects.filter(slug=slug).first() or listings.create(
            creator=_creator(now), listing=listing, now=now
        )
        publishing.publish(agent=agent, manifest=MANIFEST, actor=ACTOR, now=now)
    return slug


def _creator(now: dt.datetime) -> Creator:
    first = Agent.objects.filter(slug=SLUG).select_related("creator").first()
    if first:
        return first.creator
    return creators.open_creator(customer=_customer(CREATOR, now), display_name="Replay", now=now)
