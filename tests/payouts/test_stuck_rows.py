"""One row that cannot be done keeps no other waiting: it is logged, tried again, and staff see it."""

import datetime as dt
from decimal import Decimal

import pytest

from accounts.models import Customer
from billing.operations import posting
from marketplace.models import Creator
from payouts import calendar
from payouts.models import RiskTier
from payouts.operations import recoveries, reserves, runs, terms, write_offs
from payouts.queries import console, solvency, standing_of_books
from tests.payouts.test_write_offs import balance, in_arrears
from tests.support import checkout, creators
from tests.support import runs as agent_runs
from tests.support.checkout import NOW
from tests.support.creators import OLIVE
from tests.support.races import stuck
from tests.support.runs import credits
from wallets.models import WalletDebt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)
OLD = NOW + DAY * 91


def waiting(now: dt.datetime) -> dict[str, str]:
    """What the first page of staff lists, and where each leads."""
    found = console.waiting(
        now=now, standing=standing_of_books.standing(now=now), coverage=solvency.coverage()
    )
    return {item.label: item.query for item in found}


def buys_again(debt: WalletDebt) -> None:
    customer = Customer.objects.get(pk=debt.wallet.owner_id)
    checkout.bought_unseen(customer, f"pi_{customer.name}_again", now=OLD)


def test_the_others_are_written_off_and_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    bob, carol = (in_arrears(name) for name in ("bob", "carol"))
    label = "Debts that are not written off or passed on"
    with stuck(bob.wallet):
        assert write_offs.write_off_due(now=OLD) == 1
        assert (balance(bob), balance(carol)) == (-credits(1_500), 0)
        assert waiting(OLD)[label] == f"?id__in={bob.pk}"
    assert f"arrears.not_written_off debt={bob.pk}" in caplog.text
    assert write_offs.write_off_due(now=OLD) == 1

    for debt in (bob, carol):
        buys_again(debt)
    with stuck(bob):
        assert recoveries.pass_on_due(now=OLD) == 1
        assert label not in waiting(OLD)
        assert waiting(OLD + DAY)[label] == f"?id__in={bob.pk}"
    assert (recoveries.pass_on_due(now=OLD), label in waiting(OLD + DAY)) == (1, False)


def test_the_others_reserves_are_released() -> None:
    sellers = [agent_runs.make_creator(name) for name in ("alice", "dora")]
    period = calendar.period_of(day=creators.NOW.date(), window=10)
    tier = RiskTier.objects.get(slug="watched")  # 10 % for 30 days
    for seller in sellers:
        agent = agent_runs.make_agent(str(seller.slug), creator=seller)
        buyer = agent_runs.make_customer(f"of-{seller.slug}", credits=1_000)
        usage = {"request": Decimal(10)}
        agent_runs.charge(agent, buyer, agent.slug, usage=usage, now=creators.NOW)
        terms.set_tier(creator=seller, tier=tier, actor=OLIVE, reason="A test", now=creators.NOW)
    posting.post_splits(now=creators.NOW)
    runs.prepare(period=period, actor=OLIVE, now=period.matures_at)
    due = period.matures_at + DAY * 30
    with stuck(Creator.objects.get(pk=sellers[0].pk)):
        assert reserves.release_due(now=due) == credits(40)
        found = waiting(due + DAY)
        assert found["Creators whose reserve is not released"] == f"?id__in={sellers[0].pk}"
    assert reserves.release_due(now=due) == credits(40)
