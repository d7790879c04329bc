"""Runs that take from a quota beside the credits: the gate, each step of a run, and what a soft quota owes."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from accounts.models import Customer
from billing.models import Execution
from billing.operations import executions, openings, settlement
from billing.operations.settlement import QuotaExceededError
from billing.runs import Allowed, Blocked, Gate, QuotaShort, Report
from config.kit.errors import DomainError
from marketplace.models import Agent
from tests.support import invoicing, runs
from tests.support.runs import FAILED, FREE, MONDAY, ROUTER, credits
from wallets import debts, quotas
from wallets.ledger import Source
from wallets.models import Hold, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
UNIT = "EXECUTION"
ONE = credits(1)
MONTH = dt.timedelta(days=31)


def plan(*, included: int = 2, manifest: str = FREE, bought: int = 0) -> tuple[Agent, Customer]:
    """A platform's feature whose runs count, and a customer who may run it so often."""
    agent = runs.make_agent(manifest=manifest, quota_unit=UNIT)
    bob = runs.make_customer(credits=bought)
    if included:
        fill(bob, included)
    return agent, bob


def fill(customer: Customer, amount: int, *, period: str = "1", now: dt.datetime = MONDAY) -> None:
    """Fill a quota until the month's end."""
    source = Source("period", f"{customer.pk}:{period}")
    quotas.grant(
        customer_id=customer.pk,
        unit=UNIT,
        amount=amount * ONE,
        source=source,
        expires_at=now + MONTH,
        now=now,
    )


def left(customer: Customer, *, now: dt.datetime = MONDAY) -> int:
    """What is left of it."""
    return quotas.left(customer_id=customer.pk, unit=UNIT, now=now).available // ONE


def held(customer: Customer) -> int:
    """What running work holds of it."""
    wallet = quotas.find(customer_id=customer.pk, unit=UNIT)
    assert wallet is not None
    return wallet.held // ONE


class TestCheck:
    def test_it_lets_pass_what_is_covered(self) -> None:
        agent, bob = plan()

        assert isinstance(executions.check(opening=runs.opening(agent, bob), now=MONDAY), Allowed)

    def test_it_names_the_gate_and_the_unit(self) -> None:
        agent, bob = plan(included=0)

        found = executions.check(opening=runs.opening(agent, bob), now=MONDAY)
        assert found == Blocked(Gate.QUOTA, 0, 0, QuotaShort(UNIT, ONE, 0))

    def test_the_wallet_is_named_before_the_quota(self) -> None:
        agent, bob = plan(included=0, manifest=runs.PER_REQUEST)

        found = executions.check(opening=runs.opening(agent, bob), now=MONDAY)
        assert isinstance(found, Blocked)
        assert found.gate is Gate.WALLET

    def test_it_counts_what_is_read_of_the_unit(self) -> None:
        agent, bob = plan(included=2)

        found = executions.check(
            opening=runs.opening(agent, bob, usage={"execution": Decimal(3)}), now=MONDAY
        )
        assert found == Blocked(Gate.QUOTA, 0, 0, QuotaShort(UNIT, 3 * ONE, 2 * ONE))

    def test_many_at_once_are_judged_alike(self) -> None:
        agent, bob = plan(included=1)
        asked = [runs.opening(agent, bob), runs.opening(agent, bob, usage={"execution": Decimal(2)})]

        found = openings.check_many(openings=asked, now=MONDAY)
        assert [type(each) for each in found] == [Allowed, Blocked]


class TestReserve:
    def test_it_holds_one(self) -> None:
        agent, bob = plan()
        reserved = runs.reserve(agent, bob)

        assert reserved.hold is None
        assert (left(bob), held(bob)) == (1, 1)

    def test_it_holds_credits_and_quota(self) -> None:
        agent, bob = plan(manifest=runs.PER_REQUEST, bought=100)
        reserved = runs.reserve(agent, bob)

        assert reserved.available == credits(50)
        assert (left(bob), runs.wallet_of(bob).held) == (1, credits(50))

    def test_it_is_blocked_at_the_end_of_the_quota(self) -> None:
        agent, bob = plan(included=1)
        runs.reserve(agent, bob)

        found = executions.reserve(opening=runs.opening(agent, bob), now=MONDAY)
        assert found == Blocked(Gate.QUOTA, 0, 0, QuotaShort(UNIT, ONE, 0))
        assert Execution.objects.count() == 1

    def test_a_blocked_run_holds_no_credits(self) -> None:
        agent, bob = plan(included=0, manifest=runs.PER_REQUEST, bought=100)

        found = executions.reserve(opening=runs.opening(agent, bob), now=MONDAY)
        assert isinstance(found, Blocked)
        assert (found.gate, found.available) == (Gate.QUOTA, credits(100))
        assert not Hold.objects.exists()

    def test_the_same_key_holds_once(self) -> None:
        agent, bob = plan()
        first = runs.reserve(agent, bob, key="k", fingerprint=b"same")
        again = runs.reserve(agent, bob, key="k", fingerprint=b"same")

        assert again == replace(first, replayed=True)
        assert held(bob) == 1

    def test_a_batch_holds_as_one_by_one(self) -> None:
        agent, bob = plan(included=3, manifest=runs.PER_REQUEST, bought=200)
        sizes = [1, 5, 1, 1, 1]
        asked = [
            runs.opening(agent, bob, usage={"request": Decimal(1), "execution": Decimal(n)}) for n in sizes
        ]

        found = openings.reserve_many(openings=asked, now=MONDAY)
        told = [each.gate.value if isinstance(each, Blocked) else type(each).__name__ for each in found]
        assert told == ["Allowed", "quota", "Allowed", "Allowed", "quota"]
        assert (left(bob), held(bob), runs.wallet_of(bob).held) == (0, 3, credits(150))
        assert isinstance(found[1], Blocked)
        assert found[1].quota == QuotaShort(UNIT, 5 * ONE, 2 * ONE)

    def test_an_expired_period_gives_nothing(self) -> None:
        agent, bob = plan()

        found = executions.reserve(opening=runs.opening(agent, bob), now=MONDAY + MONTH)
        assert isinstance(found, Blocked)


class TestSettle:
    def test_it_takes_what_was_held(self) -> None:
        agent, bob = plan()
        settled = runs.settle(runs.reserve(agent, bob))

        assert settled.charged == 0
        assert (left(bob), held(bob)) == (1, 0)
        assert Execution.objects.get().quota_used == ONE

    def test_it_charges_credits_beside_it(self) -> None:
        agent, bob = plan(manifest=runs.PER_REQUEST, bought=100)
        settled = runs.settle(runs.reserve(agent, bob))

        assert (settled.charged, settled.creator, left(bob)) == (credits(50), credits(40), 1)

    def test_the_same_report_counts_once(self) -> None:
        agent, bob = plan()
        reserved = runs.reserve(agent, bob)
        runs.settle(reserved, event_id="e1")

        assert runs.settle(reserved, event_id="e1").replayed
        assert left(bob) == 1

    def test_a_failed_run_gives_it_back(self) -> None:
        agent, bob = plan()
        settled = runs.settle(runs.reserve(agent, bob), outcome=FAILED)

        assert settled.state == "released"
        assert (left(bob), held(bob)) == (2, 0)

    def test_more_than_was_held_takes_all_of_it_or_the_hold(self) -> None:
        agent, bob = plan(included=4)
        first, second = runs.reserve(agent, bob), runs.reserve(agent, bob)
        settlement.settle(
            report=Report(execution=first.execution, usage={"execution": Decimal(3)}, principal=ROUTER),
            now=MONDAY,
        )
        assert left(bob) == 0
        settlement.settle(
            report=Report(execution=second.execution, usage={"execution": Decimal(2)}, principal=ROUTER),
            now=MONDAY,
        )
        assert list(Execution.objects.order_by("id").values_list("quota_used", flat=True)) == [3 * ONE, ONE]

    def test_a_late_one_takes_what_is_left(self) -> None:
        agent, bob = plan(included=1)
        late, later = MONDAY + dt.timedelta(hours=1), MONDAY + dt.timedelta(hours=2)
        reserved = runs.reserve(agent, bob)
        assert executions.expire_due(now=late) == 1
        assert left(bob) == 1
        runs.settle(runs.reserve(agent, bob, now=late), now=late)

        assert runs.settle(reserved, now=later).state == "settled"
        assert [each.quota_used for each in Execution.objects.order_by("id")] == [0, ONE]

    def test_it_burns_the_period_it_was_reserved_in(self) -> None:
        """A run over the turn of the period is counted where its hold was opened, though the sweeper came first."""
        agent, bob = plan(included=2)
        end = MONDAY + MONTH
        reserved = runs.reserve(agent, bob, now=end - dt.timedelta(minutes=1))
        fill(bob, 2, period="2", now=end)

        runs.settle(reserved, now=end + dt.timedelta(minutes=1))
        assert left(bob, now=end + dt.timedelta(minutes=1)) == 2


class TestDirect:
    def test_it_takes_one(self) -> None:
        agent, bob = plan()
        runs.charge(agent, bob, "e1")

        assert left(bob) == 1

    def test_it_is_refused_without_a_quota(self) -> None:
        agent, bob = plan(included=0)

        with pytest.raises(QuotaExceededError) as refused:
            runs.charge(agent, bob, "e1")
        assert refused.value.extra["quota"] == {"unit": UNIT, "required": "1", "available": "0"}
        assert refused.value.extra["blocking_gate"] == "quota"
        assert not Execution.objects.exists()

    def test_a_refused_one_takes_no_credits(self) -> None:
        agent, bob = plan(included=1, manifest=runs.PER_REQUEST, bought=100)
        runs.charge(agent, bob, "e1")

        with pytest.raises(QuotaExceededError):
            runs.charge(agent, bob, "e2")
        assert runs.wallet_of(bob).balance == credits(50)

    def test_without_credits_it_takes_no_quota(self) -> None:
        agent, bob = plan(included=1, manifest=runs.PER_REQUEST)

        with pytest.raises(DomainError, match="credits are needed"):
            runs.charge(agent, bob, "e1")
        assert left(bob) == 1

    def test_a_batch_stops_where_the_quota_does(self) -> None:
        agent, bob = plan(included=3)
        reports = [
            Report(
                agent=agent.slug,
                caller=bob.public_id,
                event_id=f"e{n}",
                usage={},
                principal=ROUTER,
            )
            for n in range(5)
        ]

        found = settlement.settle_many(reports=reports, now=MONDAY)
        assert [isinstance(each, QuotaExceededError) for each in found] == [False] * 3 + [True] * 2

    def test_an_expired_period_gives_nothing_and_the_next_one_counts(self) -> None:
        agent, bob = plan(included=5)
        end = MONDAY + MONTH
        fill(bob, 1, period="2", now=end)
        runs.charge(agent, bob, "e1", now=end)

        assert left(bob, now=end) == 0
        with pytest.raises(QuotaExceededError):
            runs.charge(agent, bob, "e2", now=end)


class TestRelease:
    def test_it_gives_it_back(self) -> None:
        agent, bob = plan(manifest=runs.PER_REQUEST, bought=100)
        reserved = runs.reserve(agent, bob)
        executions.release(execution=str(reserved.execution), reason="a test", now=MONDAY)

        assert (left(bob), runs.wallet_of(bob).held) == (2, 0)

    def test_expiry_gives_it_back(self) -> None:
        agent, bob = plan(manifest=runs.PER_REQUEST, bought=100)
        runs.reserve(agent, bob)
        executions.expire_due(now=MONDAY + dt.timedelta(hours=1))

        assert (left(bob), runs.wallet_of(bob).held) == (2, 0)


class TestSoft:
    def test_what_is_used_beyond_it_is_owed_in_its_own_unit(self) -> None:
        agent, bob = plan(included=2)
        wallet = Wallet.objects.get(owner_type="consumer", unit=UNIT)
        debts.set_overdraft(wallet_id=wallet.pk, limit=3 * ONE, now=MONDAY)
        for number in range(5):
            runs.charge(agent, bob, f"e{number}")

        assert quotas.left(customer_id=bob.pk, unit=UNIT, now=MONDAY) == (0, 2 * ONE, 3 * ONE)
        with pytest.raises(QuotaExceededError):
            runs.charge(agent, bob, "e6")

    def test_the_invoice_brings_it_up(self) -> None:
        """W8: 600 runs over 5,000 are $3.00."""
        agent, bob = plan(included=2)
        wallet = Wallet.objects.get(owner_type="consumer", unit=UNIT)
        debts.set_overdraft(wallet_id=wallet.pk, limit=1_000 * ONE, now=MONDAY)
        runs.charge(agent, bob, "e1", usage={"execution": Decimal(602)})
        invoicing.bill_overage(bob, wallet, debt=600 * ONE, cents=300, now=MONDAY)

        wallet.refresh_from_db()
        assert (wallet.balance, debts.owed(wallet_id=wallet.pk)) == (0, 0)
