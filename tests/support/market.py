"""Agents for sale: made through the operations that creators use."""

import datetime as dt
from typing import Final

from accounts.models import Customer
from marketplace import collaborators, creators, listings, publishing
from marketplace.listings import Listing
from marketplace.models import Agent, Creator, PlanVersion
from marketplace.price_editor import samples
from tests.support.people import MONDAY, open_customer


def open_creator(name: str = "alice", *, customer: Customer | None = None) -> Creator:
    """Make a creator, with a customer of its own unless one is given."""
    return creators.open_creator(
        customer=customer or open_customer(name), display_name=name.title(), now=MONDAY
    )


def draft(slug: str = "per-request", *, creator: Creator | None = None) -> Agent:
    """List an agent that is not for sale yet."""
    listing = Listing(name=slug.replace("-", " ").title(), slug=slug, summary=f"What {slug} does")
    return listings.create(creator=creator or open_creator(), listing=listing, now=MONDAY)


def publish(agent: Agent, manifest: str = samples.PER_REQUEST, *, now: dt.datetime = MONDAY) -> PlanVersion:
    """Publish a price of an agent."""
    return publishing.publish(agent=agent, manifest=manifest, actor="user:alice", now=now)


def for_sale(
    slug: str = "per-request", manifest: str = samples.PER_REQUEST, *, creator: Creator | None = None
) -> Agent:
    """List and publish an agent."""
    agent = draft(slug, creator=creator)
    publish(agent, manifest)
    return agent


def collaborate(agent: Agent, *others: Creator) -> None:
    """Have other creators agree to a part of an agent."""
    for other in others:
        collaborators.invite(agent=agent, name=other.public_id, actor="user:alice", now=MONDAY)
        collaborators.answer(agent=agent, creator=other, agrees=True, actor="user:other", now=MONDAY)


A_DAY: Final = dt.timedelta(days=1)
