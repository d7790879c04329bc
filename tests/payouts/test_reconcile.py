"""Reconciling: gaps filled, what is wrong kept with its age, suspense, corrections by two, days closed."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.audit import Staff
from accounts.models import AuditEntry, User
from billing.models import BalanceTransaction, TopUp
from billing.operations import fees, payments
from billing.stripe.client import client as stripe_client
from config.kit.errors import InvalidInputError
from payouts.calendar import utc_day
from payouts.models import Correction, Discrepancy, Payout, ReconciledDay, Reconciliation, Withdrawal
from payouts.operations import corrections, discrepancies, reconciliation, sending, withdrawals
from payouts.queries import stripe_cash
from payouts.queries.stripe_cash import Scope
from tests.support.checkout import NOW, ask, buy, pay
from tests.support.creators import PAY_DAY, approved, connect_stripe, earn
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import books, chart, days, queries
from wallets.chart import PlatformWallet
from wallets.ledger import Leg, Source, post
from wallets.models import Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

HOUR = dt.timedelta(hours=1)
ACTOR = "test"
# The stand-in's lines carry the real time.
REAL = dt.datetime.now(dt.UTC)
TODAY = REAL.date()
NEXT_MORNING = days.end_of(day=TODAY) + 8 * HOUR


def reconcile(*, now: dt.datetime = REAL + 2 * HOUR) -> Reconciliation:
    return reconciliation.reconcile(first=TODAY, last=TODAY, actor=ACTOR, now=now)


def found() -> dict[str, str]:
    rows = Discrepancy.objects.filter(resolved_at=None).values_list("key", "kind")
    return dict(rows.order_by("key"))


def book(cause: str, amount: int, *, kind: str = "float", other: PlatformWallet = chart.BANK) -> None:
    """Write cash at Stripe down that Stripe does not tell of, or tells of otherwise."""
    legs = [Leg(chart.STRIPE_CASH, -amount), Leg(other, amount)]
    post(kind=kind, source=Source("balance_transaction", cause), actor=ACTOR, legs=legs, now=REAL)


def _mirror(stripe_id: str) -> None:
    BalanceTransaction.objects.create(
        stripe_id=stripe_id,
        type="topup",
        currency="usd",
        amount_cents=700,
        fee_cents=0,
        net_cents=700,
        created_at=REAL,
        available_on=REAL,
    )


@pytest.fixture
def bought(stripe_standin: StripeStandin) -> TopUp:
    """Let Bob buy credits, and the platform put money in."""
    top_up = buy(open_customer(), stripe_standin)
    stripe_standin.post("/_sim/balance/topup", amount=5_000)
    fees.sweep(now=REAL)
    return top_up


@pytest.fixture
def olive() -> Staff:
    return Staff(User.objects.create_superuser("olive@example.com", "correct horse battery"), "10.0.0.1")


@pytest.fixture
def oscar() -> Staff:
    return Staff(User.objects.create_superuser("oscar@example.com", "correct horse battery"), "10.0.0.2")


def correct(key: str, account: str, olive: Staff, oscar: Staff) -> Correction:
    """Correct what is wrong with a cause, by two."""
    discrepancy = Discrepancy.objects.get(key=key, resolved_at=None)
    asked = corrections.request(
        discrepancy=discrepancy, account=account, reason="Looked into it", staff=olive, now=REAL + 3 * HOUR
    )
    corrections.approve(correction=asked, staff=oscar, now=REAL + 3 * HOUR)
    asked.refresh_from_db()
    return asked


class TestACleanDay:
    def test_it_matches_every_line_and_closes_the_day_once_it_is_over(self, bought: TopUp) -> None:
        done = reconcile()

        # The payment, its fee, the platform's own money.
        assert (done.matched, done.pending, done.found, done.filled) == (3, 0, 0, 0)
        assert ReconciledDay.objects.get().state == "open"
        assert reconcile(now=NEXT_MORNING - 3 * HOUR).found == 0
        assert days.closed() == frozenset()

        reconcile(now=NEXT_MORNING)
        reconcile(now=NEXT_MORNING)

        row = ReconciledDay.objects.get()
        assert (row.state, row.net, row.matched) == ("closed", 10_000_000 - 590_000 + 50_000_000, 3)

    def test_days_are_closed_in_one_reading_and_one_that_is_not_clean_stays_open(self, bought: TopUp) -> None:
        reconcile()
        book("bts_1", 7_000_000)
        first, morning = TODAY - dt.timedelta(days=5), NEXT_MORNING
        with CaptureQueriesContext(connection) as asked:
            reconciliation.reconcile(first=first, last=TODAY, actor=ACTOR, now=morning)

        assert days.closed() == {first + dt.timedelta(days=number) for number in range(5)}
        # To fill gaps, to judge, and to close.
        assert sum(stripe_cash.SIDES[:200] in one["sql"] for one in asked.captured_queries) == 3

    def test_a_booking_that_comes_later_lands_in_the_next_open_day(
        self, bought: TopUp, stripe_standin: StripeStandin
    ) -> None:
        reconcile(now=NEXT_MORNING)
        lost = ask(bought.customer, key="second")
        pay(stripe_standin, lost.stripe_session_id)
        payments.fulfil(session_id=lost.stripe_session_id, now=NEXT_MORNING + HOUR)

        late = Transaction.objects.get(kind="topup", source_id__endswith=_intent(lost))
        assert late.occurred_at == days.end_of(day=TODAY)
        assert f"(of {TODAY}, closed)" in late.description
        # A day that is closed takes no more: the other day of its booking is nothing to explain.
        assert reconcile(now=NEXT_MORNING + 2 * HOUR).found == 0


def _intent(top_up: TopUp) -> str:
    top_up.refresh_from_db()
    return top_up.payment_intent_id or ""


class TestGaps:
    def test_it_fills_what_no_webhook_told_of(self, bought: TopUp, stripe_standin: StripeStandin) -> None:
        lost = ask(bought.customer, key="second")
        pay(stripe_standin, lost.stripe_session_id)

        # The job runs in this process; what it enqueues itself waits for the commit that a test never makes.
        with transaction.atomic():
            assert reconcile().filled == 1
        payments.fulfil(session_id=lost.stripe_session_id, now=REAL + 2 * HOUR)

    def test_it_books_a_reversal_of_a_transfer(self, bought: TopUp, stripe_standin: StripeStandin) -> None:
        alice = open_creator()
        connect_stripe(alice, stripe_standin)
        earn(for_sale("echo", creator=alice), bought.customer, "e1", requests=100, now=NOW)
        approved(alice)
        sending.send_approved(now=PAY_DAY)
        stripe_client().v1.transfers.reversals.create(Payout.objects.get().stripe_transfer_id or "", {})

        done = reconcile()

        assert (done.filled, done.found) == (1, 0)
        assert Payout.objects.get().state == Payout.State.REVERSED


class TestWhatIsWrong:
    def test_it_names_each_kind_and_two_people_mend_it(
        self, bought: TopUp, stripe_standin: StripeStandin, olive: Staff, oscar: Staff
    ) -> None:
        topup = BalanceTransaction.objects.get(type="topup")
        book("txn_ghost", 7_000_000)
        book(f"{topup.stripe_id}#1", -50_000_000, kind="float_again")
        book(f"{topup.stripe_id}#2", 49_990_000, kind="float_again")
        fee = BalanceTransaction.objects.get(type="charge")
        line = stripe_standin.post("/_sim/balance/adjust", amount=-1_234)["id"]
        legs = [Leg(chart.BANK, 12_340_000), Leg(chart.USD_LOSS, -12_340_000)]
        post(kind="transfer", source=Source("transfer", line), actor=ACTOR, legs=legs, now=REAL)
        # The fee once more, under another kind.
        book(f"{fee.stripe_id}:fee#1", -590_000, kind="float_again", other=chart.USD_LOSS)

        assert reconcile().found == 4
        assert found() == {
            "txn_ghost": "missing_there",
            topup.stripe_id: "amount",
            line: "account",
            f"{fee.stripe_id}:fee": "extra",
        }
        for key, account in {
            "txn_ghost": "bank",
            topup.stripe_id: "bank",
            line: "bank",
            f"{fee.stripe_id}:fee": "loss",
        }.items():
            assert correct(key, account, olive, oscar).state == Correction.State.APPLIED

        assert (reconcile().found, found()) == (0, {})
        assert (
            queries.platform_balance(chart.STRIPE_CASH)
            == -sum(BalanceTransaction.objects.values_list("net_cents", flat=True)) * 10_000
        )
        resolved = Discrepancy.objects.get(key="txn_ghost")
        assert resolved.resolved_by == "staff:olive@example.com and staff:oscar@example.com"
        assert AuditEntry.objects.filter(act__startswith="correction.").count() == 8

    def test_a_mirrored_line_that_stripe_does_not_tell_of_is_none(self, bought: TopUp) -> None:
        _mirror("txn_forged")
        book("txn_forged", 7_000_000)

        assert reconcile().found == 1
        assert found() == {"txn_forged": "missing_there"}

    def test_another_day_is_accepted_by_two(self, bought: TopUp, olive: Staff, oscar: Staff) -> None:
        topup = BalanceTransaction.objects.get(type="topup")
        BalanceTransaction.objects.filter(pk=topup.pk).update(stripe_id="txn_moved", created_at=REAL)
        early = REAL - dt.timedelta(days=2)
        legs = [Leg(chart.STRIPE_CASH, -50_000_000), Leg(chart.BANK, 50_000_000)]
        source = Source("balance_transaction", "txn_moved")
        post(kind="float", source=source, actor=ACTOR, legs=legs, now=REAL, occurred_at=early)
        undo = [Leg(chart.STRIPE_CASH, 50_000_000), Leg(chart.BANK, -50_000_000)]
        source = Source("correction", f"{topup.stripe_id}#undo")
        post(kind="float_again", source=source, actor=ACTOR, legs=undo, now=REAL)
        with transaction.atomic():
            discrepancies.settle(scope=Scope(TODAY, TODAY), actor=ACTOR, now=REAL + 2 * HOUR)
        assert found() == {"txn_moved": "timing"}

        assert correct("txn_moved", "", olive, oscar).transaction is None

        assert found() == {}

    def test_it_forgets_what_agrees_again(self, bought: TopUp) -> None:
        book("txn_late", 7_000_000)
        reconcile()
        _mirror("txn_late")
        with transaction.atomic():
            discrepancies.settle(scope=Scope(), actor=ACTOR, now=REAL + 2 * HOUR)

        assert Discrepancy.objects.get().how == "Both sides agree now."


class TestSuspense:
    def test_it_takes_what_nothing_explains_and_two_people_clear_it(
        self, bought: TopUp, stripe_standin: StripeStandin, olive: Staff, oscar: Staff
    ) -> None:
        # Its age counts from its own moment; this file was read long before, in a whole run.
        made = dt.datetime.now(dt.UTC)
        line = stripe_standin.post("/_sim/balance/adjust", amount=-1_234)["id"]

        assert reconcile(now=made + dt.timedelta(minutes=10)).pending == 1
        reconcile(now=made + dt.timedelta(minutes=30))
        assert (found(), queries.platform_balance(chart.SUSPENSE)) == ({line: "missing_here"}, 0)
        reconcile()
        reconcile(now=REAL + 3 * HOUR)
        assert (found(), queries.platform_balance(chart.SUSPENSE)) == ({line: "unexplained"}, -12_340_000)

        assert _suspense_alert(REAL + 25 * HOUR) == []
        assert [row["cause"] for row in _suspense_alert(REAL + 27 * HOUR)] == [line]
        reconcile(now=NEXT_MORNING)
        assert days.closed() == frozenset()

        correct(line, "loss", olive, oscar)

        assert (found(), queries.platform_balance(chart.SUSPENSE)) == ({}, 0)
        assert queries.platform_balance(chart.USD_LOSS) == -12_340_000
        reconcile(now=NEXT_MORNING)
        assert days.closed() == {TODAY}

    def test_it_gives_back_what_is_explained_after_all(
        self, bought: TopUp, stripe_standin: StripeStandin
    ) -> None:
        lost = ask(bought.customer, key="second")
        pay(stripe_standin, lost.stripe_session_id)
        fees.sweep(now=REAL)
        with transaction.atomic():
            discrepancies.settle(scope=Scope(TODAY, TODAY), actor=ACTOR, now=REAL + 2 * HOUR)
        assert list(found().values()) == ["unexplained"]

        payments.fulfil(session_id=lost.stripe_session_id, now=REAL + 2 * HOUR)
        reconcile()

        assert (found(), queries.platform_balance(chart.SUSPENSE)) == ({}, 0)


def _suspense_alert(now: dt.datetime) -> list[dict[str, Any]]:
    by_name = {invariant.name: invariant for invariant in books.invariants()}
    violation = books.check(invariant=by_name["suspense is cleared within a day"], now=now)
    return violation.rows if violation else []


class TestByTwo:
    @pytest.fixture(autouse=True)
    def _ghost(self, bought: TopUp, olive: Staff) -> None:
        book("txn_ghost", 7_000_000)
        reconcile()
        self.ghost = Discrepancy.objects.get()
        self.asked = corrections.request(
            discrepancy=self.ghost, account="bank", reason="Never came", staff=olive, now=REAL
        )

    def test_it_refuses_the_person_who_asked(self, olive: Staff) -> None:
        with pytest.raises(corrections.NotTwoPeopleError):
            corrections.approve(correction=self.asked, staff=olive, now=REAL)
        with pytest.raises(IntegrityError, match="payouts_correction_by_two"), transaction.atomic():
            Correction.objects.update(state="declined", decided_by=olive.user, decided_at=REAL)

        assert (found(), Correction.objects.get().state) == ({"txn_ghost": "missing_there"}, "requested")

    def test_it_posts_once_and_nothing_when_declined(self, olive: Staff, oscar: Staff) -> None:
        with pytest.raises(corrections.NotOpenError):
            corrections.request(discrepancy=self.ghost, account="bank", reason="Again", staff=oscar, now=REAL)
        corrections.decline(correction=self.asked, staff=oscar, reason="No", now=REAL)
        with pytest.raises(corrections.NotOpenError):
            corrections.approve(correction=self.asked, staff=oscar, now=REAL)
        assert not Transaction.objects.filter(kind="correction").exists()

        correct("txn_ghost", "bank", olive, oscar)

        assert Transaction.objects.filter(kind="correction").count() == 1

    def test_it_refuses_an_account_that_stands_for_rows(self, olive: Staff) -> None:
        for account, reason in (("deferred", "Why not"), ("bank", " ")):
            with pytest.raises(InvalidInputError):
                corrections.request(
                    discrepancy=self.ghost, account=account, reason=reason, staff=olive, now=REAL
                )


def broken() -> set[str]:
    return {violation.name for violation in books.violations(now=REAL)}


class TestItsInvariants:
    def test_each_damage_turns_its_own_red(
        self, bought: TopUp, stripe_standin: StripeStandin, olive: Staff, oscar: Staff
    ) -> None:
        book("txn_ghost", 7_000_000)
        reconcile()
        applied = correct("txn_ghost", "bank", olive, oscar)
        stripe_standin.post("/_sim/balance/adjust", amount=7_000)
        row = withdrawals.withdraw(amount_cents=500, reason="Rent", reference="wdr_1", staff=olive, now=REAL)
        fees.sweep(now=REAL)
        assert broken() == set()

        with _damaged():
            Correction.objects.update(amount=1)
            assert broken() == {"corrections are by two, and posted as asked"}
        with _damaged():
            Correction.objects.filter(pk=applied.pk).update(transaction=None, account="")
            assert broken() == {"corrections have their request"}
        with _damaged():
            Withdrawal.objects.filter(pk=row.pk).update(amount_cents=499)
            assert broken() == {"withdrawals are what was free, once"}


@contextmanager
def _damaged() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class TestTheCommand:
    def test_it_is_green_and_then_red(self, bought: TopUp, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("config.kit.clock.now", lambda: NEXT_MORNING)
        out = StringIO()
        call_command("reconcile", "--json", f"--from={TODAY}", f"--to={TODAY}", stdout=out)
        assert json.loads(out.getvalue())["closed_days"] == [str(TODAY)]

        book("txn_ghost", 7_000_000)
        with pytest.raises(SystemExit) as ended:
            call_command("reconcile", f"--from={TODAY}", f"--to={TODAY}", stdout=out)

        assert ended.value.code == 1
        assert "missing_there  txn_ghost (0 h) Stripe: nothing." in out.getvalue()

    def test_the_night_compares_what_is_not_closed_and_does_so_once(self, bought: TopUp) -> None:
        done = reconciliation.reconcile_due(now=NEXT_MORNING)

        assert done
        assert (done.first_day, done.last_day) == (TODAY, TODAY)
        assert reconciliation.reconcile_due(now=NEXT_MORNING) is None
        assert reconciliation.due(now=NEXT_MORNING + 24 * HOUR)[0] == utc_day(at=NEXT_MORNING)
