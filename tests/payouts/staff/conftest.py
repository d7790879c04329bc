"""What staff look at: Alice earns from Bob, is paid, and Bob buys, subscribes and is billed."""

from dataclasses import dataclass

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import TopUp
from billing.operations import payments
from config.kit import clock
from marketplace.models import Creator
from payouts.models import Payout
from tests.support import people, runs
from tests.support.checkout import ask, pay
from tests.support.creators import connect_stripe, drafted, earning_creator
from tests.support.invoicing import issued
from tests.support.processes import StripeStandin
from tests.support.staff import staff


@dataclass(frozen=True)
class World:
    """Everybody, and what they own."""

    alice: Creator
    bob: Customer
    execution: str
    top_up: TopUp
    payout: Payout
    key: str
    invoice: str


@pytest.fixture
def world(db: None, stripe_standin: StripeStandin) -> World:
    """Let it all happen."""
    alice = earning_creator(stripe_standin)
    connect_stripe(alice, stripe_standin)
    bob = runs.make_customer("bob", credits=1000)
    reserved = runs.reserve(alice.agents.get(), bob)
    runs.settle(reserved)
    runs.subscribe(bob, runs.make_agent("digest", manifest=runs.SUBSCRIBED, creator=alice))
    top_up = ask(bob)
    pay(stripe_standin, top_up.stripe_session_id)
    payments.fulfil(session_id=top_up.stripe_session_id, now=clock.now())
    top_up.refresh_from_db()
    payout = drafted(alice)
    return World(
        alice=alice,
        bob=bob,
        execution=str(reserved.execution),
        top_up=top_up,
        payout=payout,
        key=people.customer_key(bob).secret,
        invoice=issued(bob, 1_234).public_id,
    )


@pytest.fixture
def olive(client: Client, db: None) -> Client:
    """An operator, signed in."""
    client.force_login(staff("olive").user)
    return client
