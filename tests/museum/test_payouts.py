"""Money out: payouts made twice, to the wrong account, or not adding up to what was earned."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import pytest

from billing.operations import posting
from billing.stripe.client import client
from marketplace.models import Creator
from payouts import calendar
from payouts.models import Payout, PayoutAccount, PayoutAttempt, PayoutItem
from payouts.operations import approvals, reversals, runs, sending
from payouts.queries import preview, standing
from tests.museum.exhibits import incident
from tests.support import ledger
from tests.support import runs as agent_runs
from tests.support.creators import (
    NEXT_WEEK,
    NOW,
    OLIVE,
    PAY_DAY,
    PAY_DAY_AFTER,
    WEEK,
    approved,
    connect_stripe,
    drafted,
    earn,
    earning_creator,
)
from tests.support.processes import StripeStandin
from tests.support.runs import credits
from wallets import chart
from wallets.ledger import Leg, Source, post
from wallets.models import Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LATER = PAY_DAY + sending.ANSWER_WITHIN
A_DAY_LATER = PAY_DAY + sending.KEY_LIFE
EVERY_TRY = 3  # the SDK asks again twice by itself


def transfers(payout: Payout) -> list[int]:
    """List the transfers that Stripe has of a payout, in cents."""
    group = client().v1.transfers.list({"transfer_group": payout.public_id})
    return [one.amount for one in group.data]


def payable(creator: Creator) -> int:
    """Give what a creator could be paid."""
    return standing.purse(creator_id=creator.pk).payable


def state(payout: Payout) -> str:
    """Give a payout's state as it is now."""
    payout.refresh_from_db()
    return payout.state


@incident("https://github.com/elizaOS/eliza/issues/11022")
def test_a_payout_that_is_tried_again_is_debited_again(stripe_standin: StripeStandin) -> None:
    """A rejected transfer was refunded; its retry under the same key paid without a debit: paid twice."""
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    account = f"/_sim/accounts/{payout.destination}"
    stripe_standin.post(account, state="restricted")
    sending.send_approved(now=PAY_DAY)
    assert (state(payout), payable(alice)) == ("failed", credits(4_000))
    stripe_standin.post(account, state="enabled")
    approvals.approve(payouts=[payout], actor=OLIVE, now=LATER)

    sending.send_approved(now=LATER)

    assert transfers(payout) == [400]
    assert payable(alice) == 0
    assert PayoutAttempt.objects.values("idempotency_key").distinct().count() == 2


@incident("https://github.com/antiwork/gumroad/pull/6620")
def test_a_lost_answer_is_looked_up_and_never_paid_anew(stripe_standin: StripeStandin) -> None:
    """A transfer whose answer was lost counted as failed and was queued again, under a new key."""
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    fault = {"kind": "drop_after", "method": "POST", "path": "/v1/transfers", "count": EVERY_TRY}
    stripe_standin.post("/_sim/faults", **fault)

    sending.send_approved(now=PAY_DAY)
    assert state(payout) == "unknown"
    assert payable(alice) == 0
    sending.unresolved(now=LATER)

    assert state(payout) == "sent"
    assert transfers(payout) == [400]
    assert PayoutAttempt.objects.count() == 1


@incident("https://github.com/liberapay/liberapay.com/pull/1533")
def test_a_request_that_is_repeated_says_the_same(stripe_standin: StripeStandin) -> None:
    """A transfer was tried twice under one key with two amounts; Stripe refused, and it counted as failed."""
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    stripe_standin.post(
        "/_sim/faults", kind="drop_before", method="POST", path="/v1/transfers", count=EVERY_TRY
    )
    sending.send_approved(now=PAY_DAY)
    asked = PayoutAttempt.objects.get().request
    earn(alice.agents.get(), agent_runs.make_customer("carol", credits=1_000), "more", now=LATER)
    posting.post_splits(now=LATER)

    sending.unresolved(now=LATER)

    assert PayoutAttempt.objects.get().request == asked
    assert state(payout) == "sent"
    assert transfers(payout) == [asked["amount"]] == [400]


@incident("https://github.com/polarsource/polar/issues/9666")
def test_a_payout_after_a_reversal_is_the_sum_of_its_items(stripe_standin: StripeStandin) -> None:
    """A reversed payout kept its transactions; the next one paid them, but its items did not make its amount."""
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    sending.send_approved(now=PAY_DAY)
    assert state(payout) == "sent"
    transfer_id = payout.stripe_transfer_id or ""
    client().v1.transfers.reversals.create(transfer_id, {"amount": 400})
    reversals.sync(stripe_transfer_id=transfer_id, now=LATER)

    again = drafted(alice, period=NEXT_WEEK, now=PAY_DAY_AFTER)

    items = [(item.kind, item.amount) for item in PayoutItem.objects.filter(payout=again)]
    assert items == [("earnings", credits(4_000))]
    assert again.amount == credits(4_000)


@incident("https://github.com/polarsource/polar/issues/4428")
def test_what_is_shown_is_what_is_paid_when_a_creator_owes(stripe_standin: StripeStandin) -> None:
    """A refund after the payout lowered the balance shown, but not the sum of the next transfers: it failed."""
    alice = earning_creator(stripe_standin)
    debt = ledger.open_creator_wallet(owner_id=alice.pk, kind=chart.DEBT)
    Wallet.objects.filter(pk=debt.pk).update(overdraft_limit=credits(1_000))
    post(
        kind="write_off",
        source=Source("test", "refund"),
        actor="test",
        legs=[Leg(debt.pk, -credits(150)), Leg(chart.LOSS, credits(150))],
        plug=chart.USD_LOSS,
        now=NOW,
    )
    (shown,) = preview.preview(period=WEEK).included

    payout = approved(alice)
    sending.send_approved(now=PAY_DAY)

    assert (shown.payable, shown.cents) == (credits(3_850), 385)
    assert transfers(payout) == [385]
    assert sum(PayoutItem.objects.values_list("amount", flat=True)) == payout.amount == credits(3_850)


@incident("https://github.com/antiwork/gumroad/issues/650")
def test_an_account_swapped_after_the_approval_is_not_paid(stripe_standin: StripeStandin) -> None:
    """Money went to the account that a creator had before: deleted, or another country's."""
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    PayoutAccount.objects.filter(creator=alice).update(stripe_account_id="acct_new")

    sending.send_approved(now=PAY_DAY)

    assert transfers(payout) == []
    assert (state(payout), payout.failure_code) == ("failed", "account_changed")
    assert payable(alice) == credits(4_000)


@incident("https://github.com/antiwork/gumroad/issues/6746")
def test_less_than_a_cent_is_carried_not_paid(stripe_standin: StripeStandin) -> None:
    """A rest below the destination's smallest unit was sent as a transfer, and failed each time."""
    alice = agent_runs.make_creator()
    agent = agent_runs.make_agent(creator=alice, manifest=agent_runs.PER_TOKEN)
    bob = agent_runs.make_customer(credits=1_000)
    agent_runs.charge(agent, bob, "odd", now=NOW, usage={"input_tokens": Decimal(24_999)})
    connect_stripe(alice, stripe_standin)
    stripe_standin.post("/_sim/balance/topup", amount=1_000)

    payout = approved(alice)
    sending.send_approved(now=PAY_DAY)

    assert transfers(payout) == [1]
    assert payable(alice) == 19_999_200 - credits(10)


@incident("https://github.com/celery/celery/issues/7918")
def test_jobs_that_run_again_days_later_move_nothing(stripe_standin: StripeStandin) -> None:
    """The broker gave messages out again after their visibility timeout: tasks ran a second time, days later."""
    alice = earning_creator(stripe_standin)
    payout = approved(alice)

    def jobs(now: dt.datetime) -> None:
        posting.post_splits(now=now)
        runs.prepare(period=WEEK, actor=OLIVE, now=now)
        sending.send_approved(now=now)
        sending.unresolved(now=now)

    jobs(PAY_DAY)
    before = list(Transaction.objects.values_list("id", flat=True))
    for days in (0, 3, 40):
        jobs(PAY_DAY + dt.timedelta(days=days))

    assert list(Transaction.objects.values_list("id", flat=True)) == before
    assert (state(payout), transfers(payout), payable(alice)) == ("sent", [400], 0)


@incident("https://github.com/killbill/killbill/issues/445")
def test_every_day_of_twelve_years_is_paid_once() -> None:
    """Daylight saving shifted a billing date, and invoicing looped over it."""
    first, last = dt.date(2020, 1, 1), dt.date(2032, 1, 1)
    days = [first + dt.timedelta(days=number) for number in range((last - first).days)]
    weeks = [calendar.period_of(day=day) for day in days]

    assert all(day in week for day, week in zip(days, weeks, strict=True))
    assert {(week.end - week.start).days for week in weeks} == {7}
    assert {week.pay_date.strftime("%a") for week in weeks} == {"Wed"}
    found = list(dict.fromkeys(weeks))
    assert all(week.end == following.start for week, following in pairwise(found))
    assert list(calendar.payable_since(day=first, now=found[-1].matures_at)) == found


# Last of its file: it moves the stand-in's clock.
@incident("https://github.com/spree/spree/pull/14500")
def test_a_key_that_stripe_forgot_is_never_sent_again(stripe_standin: StripeStandin) -> None:
    """A payout of unknown outcome was retried under its key after Stripe had pruned it: paid a second time."""
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    fault = {"kind": "drop_after", "method": "POST", "path": "/v1/transfers", "count": EVERY_TRY}
    stripe_standin.post("/_sim/faults", **fault)
    sending.send_approved(now=PAY_DAY)
    stripe_standin.post("/_sim/clock/advance", days=2)

    sending.unresolved(now=A_DAY_LATER)

    assert transfers(payout) == [400]
    assert state(payout) == "sent"
    assert payable(alice) == 0
