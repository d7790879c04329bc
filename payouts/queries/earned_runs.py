"""What single runs earned a creator, and why: the charge, its own part, the card's fee, the credits that paid."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from billing.models import Earning
from billing.queries.parts import by_class
from marketplace.models import Creator
from wallets.money import MICRO, credit_value

LATEST: Final = 20
# As the creator reads them, who bought none of these credits.
CLASSES: Final = {
    "paid": "Bought credits",
    "bonus": "Bonus of a package",
    "promo": "Promotion",
    "plan": "Subscription",
    "adjustment": "Adjustment",
    "overage": "Overage",
}


@dataclass(frozen=True, slots=True)
class ClassPart:
    """What credits of one class paid of a run, and what the creator earned of that."""

    label: str
    charged: int
    amount: int


@dataclass(frozen=True, slots=True)
class EarnedRun:
    """A run: its charge in parts, in credit micros; `processing` is the card's fee, inside the platform's part."""

    public_id: str
    agent_name: str
    agent_slug: str
    at: dt.datetime
    charged: int
    amount: int
    others: int
    platform: int
    processing: int
    classes: tuple[ClassPart, ...]
    undone: bool


def latest(*, creator: Creator) -> list[EarnedRun]:
    """List the last runs that earned a creator something, newest first."""
    rows = Earning.objects.filter(creator=creator).select_related("execution", "agent")
    return [_run(row) for row in rows.order_by("-day", "-id")[:LATEST]]


def _run(earning: Earning) -> EarnedRun:
    run = earning.execution
    return EarnedRun(
        public_id=run.public_id,
        agent_name=earning.agent.name,
        # Another creator's agent has no page of this one's to link to.
        agent_slug=earning.agent.slug if earning.agent.creator_id == earning.creator_id else "",
        at=earning.earned_at,
        charged=run.charged,
        amount=earning.amount,
        others=run.creator_amount - earning.amount,
        platform=run.platform_amount,
        processing=run.processing * MICRO // credit_value(),
        classes=tuple(
            ClassPart(CLASSES[part.funding_class], part.charged, part.creators)
            for part in by_class(cells=run.cells, creator_id=earning.creator_id)
        ),
        undone=run.undone_at is not None,
    )
