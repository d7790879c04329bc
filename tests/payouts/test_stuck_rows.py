"""One row that cannot be done keeps no other waiting: it is logged, tried again, and staff see it."""

import datetime as dt
from decimal import Decimal

import pytest

from accounts.models import Customer
from billing.operations import posting
from billing.stripe.client import client
from marketplace.models import Creator
from payouts import calendar, gates
from payouts.models import Payout, PayoutAccount, PayoutExclusion, RiskTier, Withdrawal
from payouts.operations import (
    approvals,
    bank,
    onboarding,
    recoveries,
    reserves,
    reversals,
    runs,
    sending,
    terms,
    withdrawals,
    write_offs,
)
from payouts.queries import console, preview, solvency, standing_of_books
from tests.payouts.test_write_offs import balance, in_arrears
from tests.support import checkout, creators
from tests.support import runs as agent_runs
from tests.support.checkout import NOW
from tests.support.creators import OLIVE, PAY_DAY, WEEK
from tests.support.people import sign_up
from tests.support.processes import StripeStandin
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


def test_the_others_are_written_off_and_passed_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, carol = (in_arrears(name) for name in ("bob", "carol"))
    label = "Debts that are not written off or passed on"
    monkeypatch.setattr(write_offs, "BATCH", 1)
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


@pytest.fixture
def sellers(stripe_standin: StripeStandin, monkeypatch: pytest.MonkeyPatch) -> list[PayoutAccount]:
    """Give the accounts of Alice and Dora, who have earned $4 each; jobs do one of them at a time."""
    for module, name in ((sending, "BATCH"), (onboarding, "RESYNC_BATCH")):
        monkeypatch.setattr(module, name, 1)
    earned = [creators.earning_creator(stripe_standin, name=name) for name in ("alice", "dora")]
    return [PayoutAccount.objects.get(creator=creator) for creator in earned]


def states() -> list[str]:
    """The states of Alice's and Dora's payouts."""
    return list(Payout.objects.order_by("creator").values_list("state", flat=True))


def test_the_others_are_paid(sellers: list[PayoutAccount], stripe_standin: StripeStandin) -> None:
    alice, dora = sellers
    label = "Payout runs that could not prepare everybody"
    with stuck(alice):
        run = runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
    assert run.prepared_at == PAY_DAY
    assert Payout.objects.get().account == dora
    assert PayoutExclusion.objects.get().reason == gates.Reason.NOT_PREPARED
    (line,) = preview.preview(period=WEEK).excluded
    assert (line.creator, line.detail) == ("Alice", gates.NOT_PREPARED)
    assert waiting(PAY_DAY)[label] == f"?id__in={run.pk}"
    assert runs.prepare_due(now=PAY_DAY) == [run]
    assert (states(), PayoutExclusion.objects.count()) == (["draft", "draft"], 0)
    assert (label in waiting(PAY_DAY), runs.prepare_due(now=PAY_DAY)) == (False, [])

    # Alice's is the older one.
    Payout.objects.filter(account=alice).update(created_at=NOW)
    approvals.approve(payouts=Payout.objects.all(), actor=OLIVE, now=PAY_DAY)
    # Dora's is asked for twice, and no answer comes; Stripe's own library tries each three times.
    stripe_standin.post("/_sim/faults", kind="drop_before", method="POST", path="/v1/transfers", count=6)
    with stuck(alice):
        sending.send_approved(now=PAY_DAY)
    assert states() == ["approved", "unknown"]
    stuck_payout = Payout.objects.get(account=alice)
    late = waiting(PAY_DAY + DAY)["Payouts that do not get done"]
    assert str(stuck_payout.pk) in late.removeprefix("?id__in=").split(",")
    # As a worker leaves it that dies before it asks.
    assert sending._begin(stuck_payout, PAY_DAY + dt.timedelta(seconds=1))
    later = PAY_DAY + dt.timedelta(minutes=5)
    assert [sending.unresolved(now=later) for _ in range(2)] == [1, 1]
    assert states() == ["sent", "unknown"]
    sending.unresolved(now=later)
    assert states() == ["sent", "sent"]


def test_the_others_are_followed(sellers: list[PayoutAccount], stripe_standin: StripeStandin) -> None:
    alice, _ = sellers
    for account in sellers:
        creators.approved(account.creator)
        sending.send_approved(now=PAY_DAY)
    payouts = list(Payout.objects.order_by("creator"))
    for payout in payouts:
        client().v1.transfers.reversals.create(payout.stripe_transfer_id or "", {"amount": 100})
        stripe_standin.post("/_sim/payouts/run", account=payout.destination)
    later = PAY_DAY + bank.STUCK_AFTER
    with stuck(payouts[0]):
        reversals.sync_recent(now=later)
    assert list(Payout.objects.filter(reversed_cents=100)) == payouts[1:]
    reversals.sync_recent(now=later)
    assert Payout.objects.filter(reversed_cents=100).count() == 2

    with stuck(alice):
        assert bank.sync_recent(now=later) == 1
    assert states() == ["sent", "paid"]
    assert bank.sync_recent(now=later) == 1
    assert states() == ["paid", "paid"]

    stale = later + DAY
    with stuck(alice):
        assert onboarding.resync_stale(now=stale) == 1
    assert waiting(stale)["Connected accounts that cannot be read"] == f"?id__in={alice.pk}"
    assert [onboarding.resync_stale(now=stale) for _ in range(2)] == [1, 0]


def test_the_others_are_withdrawn(stripe_standin: StripeStandin) -> None:
    stripe_standin.post("/_sim/balance/topup", amount=1_000)
    olive, _ = sign_up("olive")
    first, _ = (
        Withdrawal.objects.create(
            amount_cents=100, coverage=1_000_000, reason="Rent", requested_by=olive, requested_at=NOW
        )
        for _ in range(2)
    )
    with stuck(first):
        withdrawals.resolve_unknown(now=NOW + DAY)
    assert list(Withdrawal.objects.filter(state__in=Withdrawal.UNRESOLVED)) == [first]
    assert waiting(NOW + DAY)["Withdrawals that do not get done"] == f"?id__in={first.pk}"
    withdrawals.resolve_unknown(now=NOW + DAY)
    assert not Withdrawal.objects.filter(state__in=Withdrawal.UNRESOLVED).exists()
