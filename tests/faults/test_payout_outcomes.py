"""Faults between us and Stripe while a payout is sent: each ends in one transfer, or in none and the money back."""

import datetime as dt

import pytest

from billing.stripe.client import client
from payouts.models import Payout, PayoutAttempt
from payouts.operations import outcomes, sending
from payouts.queries import standing
from payouts.stripe import transfers as gateway
from tests.support import races
from tests.support.creators import PAY_DAY, approved, earning_creator
from tests.support.processes import StripeStandin
from tests.support.runs import credits
from wallets import chart, queries

pytestmark = [pytest.mark.django_db, pytest.mark.faults, pytest.mark.usefixtures("books")]

LATER = PAY_DAY + sending.ANSWER_WITHIN
A_DAY_LATER = PAY_DAY + sending.KEY_LIFE
EVERY_TRY = 3  # the SDK asks again twice by itself


def transfers() -> list[int]:
    return [one.amount for one in client().v1.transfers.list({"limit": 100}).data]


def break_transfers(standin: StripeStandin, kind: str, *, count: int = EVERY_TRY) -> None:
    standin.post("/_sim/faults", kind=kind, method="POST", path="/v1/transfers", count=count)


def sent(payout: Payout) -> bool:
    payout.refresh_from_db()
    return payout.state == Payout.State.SENT


class TestLostAnswers:
    @pytest.mark.parametrize("kind", ["drop_after", "error_after"])
    def test_a_transfer_whose_answer_is_lost_is_found(self, stripe_standin: StripeStandin, kind: str) -> None:
        payout = approved(earning_creator(stripe_standin))
        break_transfers(stripe_standin, kind)
        sending.send_approved(now=PAY_DAY)
        payout.refresh_from_db()
        assert payout.state in {"unknown", "sent"}
        assert sending.unresolved(now=LATER) == (payout.state == "unknown")
        assert sent(payout)
        assert transfers() == [400]
        assert queries.platform_balance(chart.IN_TRANSIT) == 0

    def test_a_request_that_never_arrived_is_asked_again_under_its_key(
        self, stripe_standin: StripeStandin
    ) -> None:
        payout = approved(earning_creator(stripe_standin))
        break_transfers(stripe_standin, "drop_before")
        sending.send_approved(now=PAY_DAY)
        payout.refresh_from_db()
        assert payout.state == "unknown"
        assert queries.platform_balance(chart.IN_TRANSIT) == 4_000_000
        assert sending.unresolved(now=LATER) == 1
        assert sent(payout)
        assert PayoutAttempt.objects.get().idempotency_key == f"payout:{payout.public_id}:1"
        assert transfers() == [400]

    def test_five_hundreds_leave_it_unknown_with_the_money_in_transit(
        self, stripe_standin: StripeStandin
    ) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        break_transfers(stripe_standin, "error_before", count=0)
        sending.send_approved(now=PAY_DAY)
        for minutes in (5, 10):
            sending.unresolved(now=PAY_DAY + dt.timedelta(minutes=minutes))
        payout.refresh_from_db()
        assert payout.state == "unknown"
        assert standing.purse(creator_id=alice.pk).payable == 0
        assert queries.platform_balance(chart.IN_TRANSIT) == 4_000_000
        assert PayoutAttempt.objects.count() == 1
        assert transfers() == []

    def test_it_is_not_looked_at_before_the_answer_could_have_come(
        self, stripe_standin: StripeStandin
    ) -> None:
        approved(earning_creator(stripe_standin))
        break_transfers(stripe_standin, "drop_before")
        sending.send_approved(now=PAY_DAY)
        assert sending.unresolved(now=LATER - dt.timedelta(seconds=1)) == 0

    def test_it_stays_unknown_while_stripe_cannot_be_asked(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        break_transfers(stripe_standin, "drop_after")
        sending.send_approved(now=PAY_DAY)
        payout.refresh_from_db()
        if payout.state == "sent":
            pytest.skip("the SDK's own retry heard the answer")
        stripe_standin.post(
            "/_sim/faults", kind="drop_before", method="GET", path="/v1/transfers", count=EVERY_TRY
        )
        sending.unresolved(now=LATER)
        payout.refresh_from_db()
        assert payout.state == "unknown"
        sending.unresolved(now=LATER)
        assert sent(payout)
        assert transfers() == [400]


class TestADayLater:
    def test_a_transfer_that_was_made_is_found_and_not_made_again(
        self, stripe_standin: StripeStandin
    ) -> None:
        payout = approved(earning_creator(stripe_standin))
        attempt = sending._begin(payout, PAY_DAY)
        assert attempt is not None
        gateway.create(request=attempt.request, key=attempt.idempotency_key)
        PayoutAttempt.objects.update(calls=1)
        stripe_standin.post("/_sim/clock/advance", days=2)
        sending.unresolved(now=A_DAY_LATER)
        assert sent(payout)
        assert transfers() == [400]

    def test_one_that_was_not_made_gives_the_money_back(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        break_transfers(stripe_standin, "drop_before")
        sending.send_approved(now=PAY_DAY)
        stripe_standin.post("/_sim/clock/advance", days=2)
        sending.unresolved(now=A_DAY_LATER)
        payout.refresh_from_db()
        assert (payout.state, payout.failure_code) == ("failed", "never_made")
        assert standing.purse(creator_id=alice.pk).payable == credits(4000)
        assert transfers() == []


class TestKilledWorkers:
    """A worker dies between two steps: the steps before it are committed, those after it never happen."""

    def test_before_the_call(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        assert sending._begin(payout, PAY_DAY) is not None
        assert sending.send_approved(now=PAY_DAY) == 0
        sending.unresolved(now=LATER)
        assert sent(payout)
        assert transfers() == [400]

    def test_between_the_transfer_and_its_record(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        attempt = sending._begin(payout, PAY_DAY)
        assert attempt is not None
        sending._ask(attempt, PAY_DAY)
        payout.refresh_from_db()
        assert payout.state == "sending"
        sending.unresolved(now=LATER)
        assert sent(payout)
        assert transfers() == [400]

    def test_news_that_comes_twice_is_booked_once(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        attempt = sending._begin(payout, PAY_DAY)
        assert attempt is not None
        transfer = sending._ask(attempt, PAY_DAY)
        for _ in range(2):
            outcomes.sent(attempt=attempt, transfer=transfer, now=LATER)
        outcomes.refused(attempt=attempt, code="late", detail="Late news", now=LATER)
        outcomes.unknown(attempt=attempt, detail="Late news", now=LATER)
        assert sent(payout)

    @pytest.mark.django_db(transaction=True)
    def test_sweepers_at_once_make_one_transfer(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        break_transfers(stripe_standin, "drop_before")
        sending.send_approved(now=PAY_DAY)
        races.race(4, lambda _: sending.unresolved(now=LATER))
        sending.unresolved(now=LATER)
        assert sent(payout)
        assert transfers() == [400]


class TestStrangeAnswers:
    def test_a_transfer_of_another_amount_is_not_taken_for_ours(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        attempt = sending._begin(payout, PAY_DAY)
        assert attempt is not None
        transfer = gateway.create(request={**attempt.request, "amount": 399}, key="another")
        outcomes.sent(attempt=attempt, transfer=transfer, now=LATER)
        payout.refresh_from_db()
        assert (payout.state, payout.stripe_transfer_id) == ("unknown", None)

    def test_a_key_used_for_another_request_leaves_it_unknown(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        attempt = sending._begin(payout, PAY_DAY)
        assert attempt is not None
        gateway.create(
            request={**attempt.request, "amount": 1, "transfer_group": "other"}, key=attempt.idempotency_key
        )
        sending.deliver(attempt=attempt, now=PAY_DAY)
        payout.refresh_from_db()
        assert payout.state == "unknown"
