"""Runs of every kind over some days: what reports are read from."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import Customer
from billing.operations import executions
from marketplace.models import Agent
from tests.support import runs
from tests.support.runs import MONDAY

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
LATER = MONDAY + 3 * DAY


@dataclass(frozen=True)
class World:
    """Who ran what."""

    bob: Customer
    carol: Customer
    agents: list[Agent]


def start() -> World:
    """Make two customers, and five agents of two creators."""
    alice, carl = runs.make_creator("alice"), runs.make_creator("carl")
    agents = [
        runs.make_agent("echo", creator=alice),
        runs.make_agent("tokens", manifest=runs.PER_TOKEN, creator=alice),
        runs.make_agent("other", creator=carl),
        runs.make_agent("gift", manifest=runs.FREE, creator=carl),
        runs.make_agent("club", manifest=runs.SUBSCRIBED, creator=carl),
    ]
    return World(runs.make_customer(credits=5_000), runs.make_customer("carol", credits=1_000), agents)


def first_days(world: World) -> None:
    """Run on Monday: successes, failures, a run without any reading, one that nobody pays, a plan's fee."""
    bob, carol = world.bob, world.carol
    echo, tokens, other, gift, club = world.agents
    runs.charge(echo, bob, "one", now=MONDAY, model="haiku")
    runs.charge(echo, bob, "failed", now=MONDAY + HOUR, outcome=runs.FAILED)
    usage = {"input_tokens": Decimal(1000), "compute_units": Decimal("0.5")}
    runs.charge(tokens, bob, "tokens", now=MONDAY + 2 * HOUR, usage=usage, model="sonnet")
    runs.charge(tokens, carol, "hers", now=MONDAY + 2 * HOUR, usage=usage)
    runs.charge(gift, bob, "silent", now=MONDAY + 3 * HOUR, usage={})
    runs.subscribe(bob, club)
    dave = runs.make_customer("dave", credits=50)
    kept = runs.reserve(other, dave)
    executions.expire_due(now=MONDAY + 8 * HOUR)
    runs.charge(other, dave, "his last", now=MONDAY + 9 * HOUR)
    runs.settle(kept, now=MONDAY + 10 * HOUR)


def last_days(world: World) -> None:
    """Run on from Tuesday: days later, days back, in one that is reserved before midnight, and not to an end."""
    bob, carol = world.bob, world.carol
    echo, tokens, other, _gift, _club = world.agents
    midnight = (MONDAY + DAY).replace(hour=0)
    over_night = runs.reserve(echo, bob, now=midnight - dt.timedelta(minutes=5), model="haiku")
    runs.settle(over_night, now=midnight + dt.timedelta(minutes=5))
    runs.charge(other, bob, "told late", now=LATER, occurred_at=MONDAY + HOUR)
    runs.charge(tokens, bob, "model", now=LATER, model="haiku", usage={"output_tokens": Decimal("2.5")})
    runs.charge(other, carol, "last", now=LATER + HOUR)
    executions.release(execution=str(runs.reserve(echo, bob).execution), reason="no", now=LATER)
