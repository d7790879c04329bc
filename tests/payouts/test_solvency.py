"""The two tiles, the withdrawal guard, and the report of what we stand for, each against the ledger."""

import csv
import datetime as dt
from io import StringIO

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import Settings

from accounts.audit import Staff
from accounts.models import AuditEntry, User
from billing.operations import fees, posting
from billing.stripe.client import client as stripe_client
from config.kit.errors import ConflictError
from payouts.models import Withdrawal
from payouts.operations import withdrawals
from payouts.queries import console, liability, solvency, standing_of_books
from tests.support import runs as agent_runs
from tests.support.checkout import NOW, buy
from tests.support.creators import earn
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import chart, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

REAL = dt.datetime.now(dt.UTC)
PAID = 10_000_000
FEE = 590_000


@pytest.fixture
def olive() -> Staff:
    return Staff(User.objects.create_superuser("olive@example.com", "correct horse battery"), "10.0.0.1")


@pytest.fixture
def bought(stripe_standin: StripeStandin) -> StripeStandin:
    """Let Bob buy $10 of credits."""
    buy(open_customer(), stripe_standin)
    fees.sweep(now=REAL)
    return stripe_standin


def put_in(standin: StripeStandin, cents: int) -> None:
    standin.post("/_sim/balance/topup", amount=cents)
    fees.sweep(now=REAL)


class TestTiles:
    def test_a_first_honest_top_up_is_short_of_its_fee_and_of_nothing_more(
        self, bought: StripeStandin, settings: Settings
    ) -> None:
        found = solvency.coverage()

        assert (found.refund, found.burned) == (-FEE, PAID - FEE - 8_000_000)
        assert (found.free, found.short, found.alert) == (0, FEE, False)
        settings.FLOAT_TARGET_CENTS = 58
        assert solvency.coverage().alert
        standing, coverage = standing_of_books.standing(now=REAL), solvency.coverage()
        waiting = console.waiting(now=REAL, standing=standing, coverage=coverage)
        assert "Our own money is short at Stripe" in [item.label for item in waiting]

    def test_what_creators_earn_is_taken_off_both(self, bought: StripeStandin) -> None:
        bob = open_customer("carol")
        alice = open_creator()
        buy(bob, bought, key="carol")
        earn(for_sale("echo", creator=alice), bob, "e1", requests=100, now=NOW)
        posting.post_splits(now=NOW)
        fees.sweep(now=REAL)

        found = solvency.coverage()

        assert found.owed == 4_000_000
        # 5,000 of 20,000 credits are burned: 80 % of the other 15,000 may still be earned.
        assert found.burn == 12_000_000
        assert found.refund == 2 * (PAID - FEE) - 15_000_000 - 4_000_000
        assert found.burned == 2 * (PAID - FEE) - 12_000_000 - 4_000_000


class TestWithdraw:
    def test_it_refuses_what_others_have_a_claim_to(self, bought: StripeStandin, olive: Staff) -> None:
        put_in(bought, 1_000)
        free_cents = 1_000 - 59

        with pytest.raises(withdrawals.NotCoveredError, match=r"\$9\.41 are free"):
            withdrawals.withdraw(
                amount_cents=free_cents + 1, reason="Too much", reference="wdr_1", staff=olive, now=REAL
            )
        assert not Withdrawal.objects.exists()
        with pytest.raises(IntegrityError, match="payouts_withdrawal_covered"), transaction.atomic():
            Withdrawal.objects.create(
                amount_cents=100, coverage=999_999, reason="x", requested_by=olive.user, requested_at=REAL
            )

    def test_it_sends_once_and_is_booked_by_stripes_line(self, bought: StripeStandin, olive: Staff) -> None:
        put_in(bought, 1_000)
        twice = [
            withdrawals.withdraw(amount_cents=450, reason="Rent", reference="wdr_1", staff=olive, now=REAL)
            for _ in range(2)
        ]

        assert [(row.state, bool(row.stripe_payout_id)) for row in twice] == [("sent", True)] * 2
        assert len(stripe_client().v1.payouts.list({}).data) == Withdrawal.objects.count() == 1
        with pytest.raises(ConflictError, match="something else"):
            withdrawals.withdraw(amount_cents=900, reason="Rent", reference="wdr_1", staff=olive, now=REAL)
        # Not told of yet, and gone all the same.
        assert solvency.coverage().free == 4_910_000
        with pytest.raises(withdrawals.NotCoveredError):
            withdrawals.withdraw(amount_cents=500, reason="Again", reference="wdr_2", staff=olive, now=REAL)
        fees.sweep(now=REAL)
        assert (solvency.coverage().leaving, solvency.coverage().free) == (0, 4_910_000)
        assert queries.platform_balance(chart.BANK) == 5_500_000
        assert AuditEntry.objects.get(act="withdrawal.send").object_id == twice[0].public_id

    def test_an_answer_that_is_lost_is_looked_up_and_not_asked_for_twice(
        self, bought: StripeStandin, olive: Staff
    ) -> None:
        put_in(bought, 1_000)
        bought.post("/_sim/faults", kind="drop_after", method="POST", path="/v1/payouts", count=3)
        row = withdrawals.withdraw(amount_cents=900, reason="Rent", reference="wdr_1", staff=olive, now=REAL)
        assert row.state == "unknown"
        assert solvency.coverage().free == 410_000

        assert withdrawals.resolve_unknown(now=REAL + dt.timedelta(minutes=2)) == 1
        assert withdrawals.resolve_unknown(now=REAL + dt.timedelta(minutes=2)) == 0

        row.refresh_from_db()
        assert [made.id for made in stripe_client().v1.payouts.list({}).data] == [row.stripe_payout_id]

    def test_stripes_no_gives_the_money_back(self, bought: StripeStandin, olive: Staff) -> None:
        put_in(bought, 1_000)
        bought.post("/_sim/balance/adjust", amount=-500)
        row = withdrawals.withdraw(amount_cents=900, reason="Rent", reference="wdr_1", staff=olive, now=REAL)

        assert (row.state, "insufficient funds" in row.error) == ("failed", True)
        assert solvency.coverage().free == 9_410_000


class TestLiability:
    def test_every_total_is_the_ledgers_own(self, bought: StripeStandin) -> None:
        bob = open_customer("carol")
        buy(bob, bought, key="carol")
        agent_runs.make_customer("dora", credits=7_000)
        earn(for_sale("echo", creator=open_creator()), bob, "e1", requests=100, now=NOW)

        before = liability.report(now=NOW)
        posting.post_splits(now=NOW)
        after = liability.report(now=NOW)

        for found in (before, after):
            assert [tie.what for tie in found.ties if not tie.holds] == []
        assert [one.cash for one in after.unused if one.funding_class == "paid"] == [22_000_000]
        assert [(kind.kind, kind.usd) for kind in after.creators] == [("pending", 4_000_000)]

    def test_the_file_holds_what_the_page_shows(self, bought: StripeStandin, client: Client) -> None:
        client.force_login(User.objects.create_superuser("olive@example.com", "correct horse battery"))
        page = client.get("/admin/payouts/withdrawal/liability/").content.decode()
        file = client.get("/admin/payouts/withdrawal/liability-csv/").content.decode()

        lines = list(csv.reader(StringIO(file)))
        assert tuple(lines[0]) == liability.COLUMNS
        assert lines[1] == ["Unused credits", "paid", "never", "10000", "10", "10"]
        assert all(cell in page for line in lines[1:] for cell in line)
