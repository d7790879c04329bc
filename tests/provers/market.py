"""The provers' catalogue as rows, and the times of their minutes."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from accounts.models import Membership, User
from marketplace.models import Creator
from tests.provers import manifests
from tests.provers.catalogue import AGENTS, SELF
from tests.support import ledger as ledgers
from tests.support import runs

START: Final = ledgers.MONDAY
INSIDER: Final = "prover-insider@example.com"
NAMES: Final = ("prover-alice", "prover-carol", "prover-self")


@dataclass(frozen=True)
class Market:
    """The catalogue as rows: creators in their order, and the person who is a member of SELF's customer."""

    creators: tuple[Creator, ...]
    insider: User


def open_market() -> Market:
    """Make the creators and publish the catalogue's agents; give those that are there."""
    found = User.objects.filter(email=INSIDER).first()
    if found is not None:
        emails = [f"{name}@example.com" for name in NAMES]
        return Market(tuple(Creator.objects.get(customer__email=email) for email in emails), found)
    creators = tuple(runs.make_creator(name) for name in NAMES)
    insider = User.objects.create_user(INSIDER, "correct horse battery")
    Membership.objects.create(user=insider, customer=creators[SELF].customer, created_at=START)
    for agent in AGENTS:
        runs.make_agent(
            f"prover-{agent.name}",
            manifest=manifests.written(agent, creators),
            creator=creators[agent.owner],
            outcome_policy="start" if agent.charges_failures else "success",
            others=[each for each in creators if each != creators[agent.owner]],
        )
    return Market(creators, insider)


def at(when: int) -> dt.datetime:
    """Give the time of a minute."""
    return START + dt.timedelta(minutes=when)


def minute(when: dt.datetime | None) -> int:
    """Give the minute of a time."""
    assert when is not None
    return int((when - START).total_seconds()) // 60
