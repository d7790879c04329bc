"""Bank payouts and reversals: what Stripe does after our transfer."""

import datetime as dt

import pytest

from billing.stripe.client import client
from payouts.models import BankPayout, Payout
from payouts.operations import bank, reversals, sending
from payouts.queries import standing
from payouts.stripe.bank import BankPayoutState
from tests.support import runs as agent_runs
from tests.support.creators import (
    NEXT_WEEK,
    PAY_DAY,
    PAY_DAY_AFTER,
    approved,
    earn,
    earning_creator,
)
from tests.support.processes import StripeStandin
from tests.support.runs import credits
from wallets import chart, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LATER = PAY_DAY + dt.timedelta(hours=2)


def sent(standin: StripeStandin) -> Payout:
    payout = approved(earning_creator(standin))
    sending.send_approved(now=PAY_DAY)
    payout.refresh_from_db()
    assert payout.transferred_at is not None
    return payout


def bank_payout(payout: Payout, status: str, *, stripe_id: str = "po_1", after: int = 60) -> BankPayoutState:
    assert payout.transferred_at is not None
    created_at = payout.transferred_at + dt.timedelta(seconds=after)
    refused = status in {"failed", "canceled"}
    return BankPayoutState(
        id=stripe_id,
        account_id=payout.destination,
        amount_cents=400,
        status=status,
        failure_code="account_closed" if refused else "",
        failure_detail="The bank account has been closed" if refused else "",
        created_at=created_at,
    )


def told(payout: Payout, *states: BankPayoutState) -> Payout:
    for state in states:
        bank.apply(account=payout.account, state=state, now=LATER)
    payout.refresh_from_db()
    return payout


class TestSync:
    def test_a_payout_is_paid_when_stripe_says_so(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        made = stripe_standin.post("/_sim/payouts/run", account=payout.destination)["data"]
        bank.sync(stripe_account_id=payout.destination, bank_payout_id=made[0]["id"], now=LATER)
        payout.refresh_from_db()
        assert (payout.state, payout.paid_at) == ("paid", LATER)
        assert payout.bank_payout == BankPayout.objects.get(stripe_id=made[0]["id"])

    def test_it_is_found_without_a_webhook(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        stripe_standin.post("/_sim/payouts/run", account=payout.destination)
        assert bank.sync_recent(now=PAY_DAY) == 0
        assert bank.sync_recent(now=LATER) == 1
        payout.refresh_from_db()
        assert payout.state == "paid"

    def test_an_account_of_somebody_else_is_let_be(self, stripe_standin: StripeStandin) -> None:
        bank.sync(stripe_account_id="acct_stranger", bank_payout_id="po_1", now=LATER)
        assert not BankPayout.objects.exists()


class TestWhichPayouts:
    def test_one_made_before_the_transfer_does_not_pay_it(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        told(payout, bank_payout(payout, "paid", after=-1))
        assert (payout.state, payout.bank_payout) == ("sent", None)

    def test_a_later_one_does_not_take_what_was_paid(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        told(payout, bank_payout(payout, "paid"), bank_payout(payout, "paid", stripe_id="po_2", after=120))
        assert payout.bank_payout is not None
        assert payout.bank_payout.stripe_id == "po_1"

    def test_one_pays_every_transfer_before_it(self, stripe_standin: StripeStandin) -> None:
        first = sent(stripe_standin)
        agent, carol = first.creator.agents.get(), agent_runs.make_customer("carol", credits=1000)
        earn(agent, carol, "later", now=PAY_DAY)
        second = approved(first.creator, period=NEXT_WEEK, now=PAY_DAY_AFTER)
        sending.send_approved(now=PAY_DAY_AFTER)
        second.refresh_from_db()
        told(second, bank_payout(second, "paid"))
        first.refresh_from_db()
        assert (first.state, second.state) == ("paid", "paid")

    def test_a_refused_one_leaves_it_sent_with_the_reason_and_the_next_pays_it(
        self, stripe_standin: StripeStandin
    ) -> None:
        payout = sent(stripe_standin)
        told(payout, bank_payout(payout, "failed"))
        assert (payout.state, payout.failure_code) == ("sent", "account_closed")
        told(payout, bank_payout(payout, "paid", stripe_id="po_2", after=120))
        assert (payout.state, payout.failure_code) == ("paid", "")

    def test_a_bank_that_changes_its_mind_takes_paid_back(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        told(payout, bank_payout(payout, "paid"), bank_payout(payout, "failed"))
        assert (payout.state, payout.paid_at, payout.failure_code) == ("sent", None, "account_closed")

    def test_news_that_comes_again_changes_nothing(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        told(payout, *[bank_payout(payout, "paid")] * 3)
        assert [change.new for change in payout.changes.order_by("id")][-2:] == ["sent", "paid"]


class TestReversals:
    def reverse(self, payout: Payout, cents: int) -> None:
        client().v1.transfers.reversals.create(payout.stripe_transfer_id or "", {"amount": cents})
        for _ in range(2):
            reversals.sync(stripe_transfer_id=payout.stripe_transfer_id or "", now=LATER)
        payout.refresh_from_db()

    def test_a_whole_reversal_gives_the_earnings_back(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        self.reverse(payout, 400)
        assert (payout.state, payout.reversed_cents) == ("reversed", 400)
        assert standing.purse(creator_id=payout.creator_id).payable == credits(4000)
        assert queries.platform_balance(chart.REDEEMED) == 0
        again = approved(payout.creator, period=NEXT_WEEK, now=PAY_DAY_AFTER)
        assert again.amount == credits(4000)

    def test_parts_are_booked_once_each(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        self.reverse(payout, 150)
        assert (payout.state, payout.reversed_cents) == ("sent", 150)
        assert standing.purse(creator_id=payout.creator_id).payable == credits(1500)
        self.reverse(payout, 250)
        assert (payout.state, payout.reversed_cents) == ("reversed", 400)
        assert standing.purse(creator_id=payout.creator_id).payable == credits(4000)

    def test_one_that_no_webhook_told_of_is_found(self, stripe_standin: StripeStandin) -> None:
        payout = sent(stripe_standin)
        client().v1.transfers.reversals.create(payout.stripe_transfer_id or "", {"amount": 400})
        assert [reversals.sync_recent(now=LATER) for _ in range(2)] == [1, 0]
        payout.refresh_from_db()
        assert (payout.state, payout.reversed_cents) == ("reversed", 400)
        assert standing.purse(creator_id=payout.creator_id).payable == credits(4000)

    def test_a_transfer_that_is_not_ours_is_let_be(self, stripe_standin: StripeStandin) -> None:
        reversals.sync(stripe_transfer_id="tr_stranger", now=LATER)
