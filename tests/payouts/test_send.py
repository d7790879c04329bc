"""Sending: the intent is committed, then Stripe is asked, then the outcome is booked."""

import datetime as dt

import pytest
from pytest_django.fixtures import Settings

from billing.stripe.client import client
from payouts import states
from payouts.models import Payout, PayoutAccount, PayoutAttempt
from payouts.operations import approvals, runs, sending
from payouts.operations.approvals import AccountBlockedError
from payouts.queries import standing
from payouts.states import PayoutStateError
from tests.support import races
from tests.support import runs as agent_runs
from tests.support.creators import (
    NEXT_WEEK,
    OLIVE,
    PAY_DAY,
    PAY_DAY_AFTER,
    WEEK,
    approved,
    change_account,
    connect_stripe,
    drafted,
    earning_creator,
)
from tests.support.processes import StripeStandin
from tests.support.runs import credits
from wallets import chart, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LATER = PAY_DAY + dt.timedelta(minutes=5)


def transfers() -> list[tuple[str | None, int]]:
    return [(one.transfer_group, one.amount) for one in client().v1.transfers.list({"limit": 100}).data]


def history(payout: Payout) -> list[str]:
    return [change.new for change in payout.changes.order_by("id")]


class TestSendApproved:
    def test_it_transfers_the_whole_cents_and_books_them(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        assert sending.send_approved(now=PAY_DAY) == 1
        payout.refresh_from_db()
        assert (payout.state, payout.sent_at) == ("sent", PAY_DAY)
        assert transfers() == [(payout.public_id, 400)]
        made = client().v1.transfers.retrieve(payout.stripe_transfer_id or "")
        assert made.destination == payout.destination
        assert made.metadata is not None
        assert made.metadata["payout"] == payout.public_id
        assert history(payout) == ["draft", "approved", "sending", "sent"]
        assert standing.purse(creator_id=alice.pk).payable == 0
        assert queries.platform_balance(chart.REDEEMED) == credits(4000)
        assert queries.platform_balance(chart.IN_TRANSIT) == 0

    def test_it_sends_nothing_that_is_not_approved(self, stripe_standin: StripeStandin) -> None:
        drafted(earning_creator(stripe_standin))
        assert sending.send_approved(now=PAY_DAY) == 0
        assert transfers() == []

    def test_it_sends_once_however_often_it_runs(self, stripe_standin: StripeStandin) -> None:
        approved(earning_creator(stripe_standin))
        assert [sending.send_approved(now=PAY_DAY) for _ in range(3)] == [1, 0, 0]
        assert len(transfers()) == 1

    def test_it_commits_the_frozen_request_before_the_call(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        sending.send_approved(now=PAY_DAY)
        attempt = PayoutAttempt.objects.get(payout=payout)
        assert attempt.idempotency_key == f"payout:{payout.public_id}:1"
        assert (attempt.outcome, attempt.calls, attempt.request["amount"]) == ("succeeded", 1, 400)

    def test_it_pays_the_oldest_first_and_lets_the_rest_wait(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin, cents=450)
        dora = earning_creator(name="dora", requests=10)
        connect_stripe(dora, stripe_standin)
        erin = earning_creator(name="erin", requests=5)
        connect_stripe(erin, stripe_standin)
        runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        approvals.approve(payouts=Payout.objects.all(), actor=OLIVE, now=PAY_DAY)
        stripe_standin.post("/_sim/balance/topup", amount=-30)
        assert sending.send_approved(now=PAY_DAY) == 1
        waiting = list(Payout.objects.filter(state="approved").order_by("id"))
        assert [payout.creator_id for payout in waiting] == [dora.pk, erin.pk]
        assert waiting[0].waits_for_funds
        assert standing.purse(creator_id=dora.pk).payable == credits(400)
        stripe_standin.post("/_sim/balance/topup", amount=1_000)
        assert sending.send_approved(now=LATER) == 2
        assert Payout.objects.get(creator=alice).state == "sent"
        assert not Payout.objects.get(creator=dora).failure_code


class TestRefusals:
    def test_a_restricted_account_is_checked_again_under_the_lock(
        self, stripe_standin: StripeStandin
    ) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        change_account(payout.account, stripe_standin, state="restricted")
        assert sending.send_approved(now=PAY_DAY) == 0
        payout.refresh_from_db()
        assert (payout.state, payout.failure_code) == ("failed", "transfers_inactive")
        assert transfers() == []
        assert standing.purse(creator_id=alice.pk).payable == credits(4000)

    def test_an_account_that_was_swapped_is_not_paid(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        PayoutAccount.objects.filter(creator=alice).update(stripe_account_id="acct_swapped")
        sending.send_approved(now=PAY_DAY)
        payout.refresh_from_db()
        assert (payout.state, payout.failure_code) == ("failed", "account_changed")
        assert transfers() == []

    def test_stripes_no_puts_the_money_back_and_a_retry_asks_anew(
        self, stripe_standin: StripeStandin
    ) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        # Stripe knows of the restriction, we do not yet.
        account = f"/_sim/accounts/{payout.destination}"
        stripe_standin.post(account, state="restricted")
        sending.send_approved(now=PAY_DAY)
        payout.refresh_from_db()
        assert (payout.state, payout.failure_code) == ("failed", "insufficient_capabilities_for_transfer")
        assert standing.purse(creator_id=alice.pk).payable == credits(4000)
        stripe_standin.post(account, state="enabled")
        approvals.approve(payouts=[payout], actor=OLIVE, now=LATER)
        assert sending.send_approved(now=LATER) == 1
        keys = PayoutAttempt.objects.order_by("number").values_list("idempotency_key", "outcome")
        assert list(keys) == [
            (f"payout:{payout.public_id}:1", "failed"),
            (f"payout:{payout.public_id}:2", "succeeded"),
        ]
        assert len(transfers()) == 1

    def test_the_next_run_takes_a_failed_payouts_money(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        failed = approved(alice)
        change_account(failed.account, stripe_standin, state="restricted")
        sending.send_approved(now=PAY_DAY)
        change_account(failed.account, stripe_standin, state="enabled")
        payout = approved(alice, period=NEXT_WEEK, now=PAY_DAY_AFTER)
        failed.refresh_from_db()
        assert (failed.state, payout.amount) == ("cancelled", credits(4000))
        assert sending.send_approved(now=PAY_DAY_AFTER) == 1
        with pytest.raises(PayoutStateError):
            approvals.approve(payouts=[failed], actor=OLIVE, now=PAY_DAY_AFTER)

    def test_a_balance_that_stripe_finds_lower_puts_the_payout_back(
        self, stripe_standin: StripeStandin
    ) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        stripe_standin.post(
            "/_sim/faults",
            kind="status",
            method="POST",
            path="/v1/transfers",
            status=400,
            code="balance_insufficient",
        )
        assert sending.send_approved(now=PAY_DAY) == 0
        payout.refresh_from_db()
        assert (payout.state, payout.waits_for_funds) == ("approved", True)
        assert standing.purse(creator_id=alice.pk).payable == credits(4000)
        assert sending.send_approved(now=LATER) == 1
        assert payout.attempts.count() == 2


class TestApprove:
    def test_it_refuses_an_account_that_cannot_be_paid(self, stripe_standin: StripeStandin) -> None:
        payout = drafted(earning_creator(stripe_standin))
        change_account(payout.account, stripe_standin, state="restricted")
        with pytest.raises(AccountBlockedError):
            approvals.approve(payouts=[payout], actor=OLIVE, now=PAY_DAY)
        payout.refresh_from_db()
        assert payout.state == "draft"

    def test_it_refuses_what_is_sent(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        sending.send_approved(now=PAY_DAY)
        payout.refresh_from_db()
        with pytest.raises(PayoutStateError):
            approvals.approve(payouts=[payout], actor=OLIVE, now=PAY_DAY)
        with pytest.raises(PayoutStateError):
            approvals.cancel(payouts=[payout], actor=OLIVE, now=PAY_DAY, reason="A test")

    def test_it_refuses_a_row_that_was_moved_meanwhile(self, stripe_standin: StripeStandin) -> None:
        payout = drafted(earning_creator(stripe_standin))
        approvals.cancel(
            payouts=[Payout.objects.get(pk=payout.pk)], actor=OLIVE, now=PAY_DAY, reason="A test"
        )
        with pytest.raises(PayoutStateError):
            states.advance(payout=payout, to="approved", actor=OLIVE, now=PAY_DAY)

    @pytest.mark.parametrize(("limit", "state"), [(399, "draft"), (400, "approved")])
    def test_small_drafts_are_approved_by_themselves_when_the_setting_says_so(
        self, stripe_standin: StripeStandin, settings: Settings, limit: int, state: str
    ) -> None:
        settings.PAYOUT_AUTO_APPROVE_CENTS = limit
        payout = drafted(earning_creator(stripe_standin))
        approvals.approve_small(run=payout.run, now=PAY_DAY)
        payout.refresh_from_db()
        assert payout.state == state


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_workers_at_once_send_once(self, stripe_standin: StripeStandin) -> None:
        for name in ("alice", "dora", "erin"):
            earning_creator(stripe_standin, name=name)
        runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        approvals.approve(payouts=Payout.objects.all(), actor=OLIVE, now=PAY_DAY)
        payouts = list(Payout.objects.all())
        answers = races.race(6, lambda n: sending.send(payout=payouts[n % 3], now=PAY_DAY))
        assert not [answer for answer in answers if isinstance(answer, Exception)]
        assert sorted(transfers()) == sorted((payout.public_id, 400) for payout in payouts)
        assert PayoutAttempt.objects.count() == 3

    def test_runs_and_approvals_at_once_never_pay_twice(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        failed = approved(alice)
        change_account(failed.account, stripe_standin, state="restricted")
        sending.send_approved(now=PAY_DAY)
        change_account(failed.account, stripe_standin, state="enabled")

        def step(number: int) -> None:
            if number % 2:
                runs.prepare(period=NEXT_WEEK, actor=OLIVE, now=PAY_DAY_AFTER)
            else:
                approvals.approve(payouts=[Payout.objects.get(pk=failed.pk)], actor=OLIVE, now=PAY_DAY_AFTER)

        races.race(4, step)
        approvals.approve(payouts=Payout.objects.filter(state="draft"), actor=OLIVE, now=PAY_DAY_AFTER)
        sending.send_approved(now=PAY_DAY_AFTER)
        assert [amount for _, amount in transfers()] == [400]


def test_a_customer_with_nothing_is_no_candidate(stripe_standin: StripeStandin) -> None:
    connect_stripe(agent_runs.make_creator(), stripe_standin)
    runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
    assert not Payout.objects.exists()
