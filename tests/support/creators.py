"""Creators with earnings, and connected accounts at the stand-in."""

import datetime as dt
from decimal import Decimal
from typing import Final

from accounts.models import Customer
from marketplace.models import Agent, Creator
from payouts import calendar
from payouts.calendar import Period
from payouts.models import Payout, PayoutAccount
from payouts.operations import approvals, onboarding, runs
from payouts.queries import standing
from payouts.stripe import connect
from tests.support import runs as agent_runs
from tests.support.processes import Standin, StripeStandin
from wallets import chart, ledger
from wallets.ledger import Leg, Source

NOW: Final = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
WEEK: Final = calendar.period_of(day=NOW.date())
NEXT_WEEK: Final = calendar.period_of(day=WEEK.end)
PAY_DAY: Final = WEEK.matures_at + dt.timedelta(hours=6)
PAY_DAY_AFTER: Final = NEXT_WEEK.matures_at + dt.timedelta(hours=6)
OLIVE: Final = "user:olive"


def connect_stripe(
    creator: Creator, standin: Standin, *, state: str = "enabled", now: dt.datetime = NOW
) -> PayoutAccount:
    """Connect a creator's account and bring it to a state, as its `account.updated` would."""
    account = onboarding.connected(creator=creator, now=now)
    change_account(account, standin, state=state, now=now)
    account.refresh_from_db()
    return account


def change_account(account: PayoutAccount, standin: Standin, *, state: str, now: dt.datetime = NOW) -> None:
    """Change an account at Stripe, and let dj-stripe's row and ours follow."""
    account_id = account.stripe_account_id or ""
    standin.post(f"/_sim/accounts/{account_id}", state=state)
    connect.refresh(account_id=account_id)
    onboarding.sync(stripe_account_id=account_id, now=now)


def earn(
    agent: Agent, consumer: Customer, event_id: str, *, requests: int = 1, now: dt.datetime = NOW
) -> None:
    """Let a consumer run an agent: 50 credits a request, 40 of them the creator's."""
    agent_runs.charge(agent, consumer, event_id, usage={"request": Decimal(requests)}, now=now)


def earning_creator(
    standin: StripeStandin | None = None, *, name: str = "alice", requests: int = 100, cents: int = 100_000
) -> Creator:
    """Make a creator that earned $0.04 a request on the Monday of WEEK, connected when a stand-in is given."""
    creator = agent_runs.make_creator(name)
    agent = agent_runs.make_agent(f"{name}-echo", creator=creator)
    consumer = agent_runs.make_customer(f"{name}s-bob", credits=100_000)
    earn(agent, consumer, f"{name}-1", requests=requests)
    if standin:
        connect_stripe(creator, standin)
        standin.post("/_sim/balance/topup", amount=cents)
    return creator


def spend_earnings(creator: Creator) -> None:
    """Let a creator have nothing left, as if all of it had been paid out."""
    purse = standing.purse(creator_id=creator.pk)
    ledger.post(
        kind="test",
        source=Source("test", "1"),
        actor="test",
        legs=[Leg(purse.wallets[chart.PENDING], -purse.pending), Leg(chart.LOSS, purse.pending)],
        plug=chart.ROUNDING,
        now=NOW,
    )


def drafted(creator: Creator, *, period: Period = WEEK, now: dt.datetime = PAY_DAY) -> Payout:
    """Prepare a run and give the creator's draft."""
    runs.prepare(period=period, actor=OLIVE, now=now)
    return Payout.objects.get(creator=creator, period_start=period.start)


def approved(creator: Creator, *, period: Period = WEEK, now: dt.datetime = PAY_DAY) -> Payout:
    """Prepare a run and approve the creator's draft."""
    payout = drafted(creator, period=period, now=now)
    approvals.approve(payouts=[payout], actor=OLIVE, now=now)
    return payout
