"""Stripe's account against ours: each damage turns exactly its own check red."""

import datetime as dt

import pytest
from django.db.models import F

from billing import cash_books
from billing.models import BalanceTransaction, TopUp
from billing.operations import fees, payments
from billing.stripe.client import client as stripe_client
from payouts.models import Payout
from payouts.operations import reversals, sending
from tests.support.checkout import NOW, ask, buy, pay
from tests.support.creators import PAY_DAY, approved, connect_stripe, earn
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import books, chart, queries
from wallets.ledger import Leg, Source, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LINES = "Stripe's lines are in the books"
CASH = "cash at Stripe is on Stripe's lines"


def now() -> dt.datetime:
    """Give the real time: Stripe's lines carry it."""
    return dt.datetime.now(dt.UTC)


def broken(*, minutes: int = 16) -> set[str]:
    """Name what is wrong that many minutes from now."""
    at = now() + dt.timedelta(minutes=minutes)
    found = [books.check(invariant=invariant, now=at) for invariant in cash_books.INVARIANTS]
    return {violation.name for violation in found if violation}


def reverse(transfer_id: str) -> None:
    """Take a transfer back, as somebody in Stripe's dashboard would."""
    stripe_client().v1.transfers.reversals.create(transfer_id, {})


@pytest.fixture
def bought(stripe_standin: StripeStandin) -> TopUp:
    """Let Bob buy credits, and the platform put money in; look at Stripe's lines."""
    top_up = buy(open_customer(), stripe_standin)
    stripe_standin.post("/_sim/balance/topup", amount=5_000)
    fees.sweep(now=now())
    return top_up


def test_honest_books_agree_with_stripe_to_the_cent(bought: TopUp) -> None:
    assert broken() == set()
    net_cents = sum(BalanceTransaction.objects.values_list("net_cents", flat=True))
    assert queries.platform_balance(chart.STRIPE_CASH) == -net_cents * 10_000
    assert queries.platform_balance(chart.BANK) == 50_000_000


def test_the_platforms_own_money_is_booked_once(bought: TopUp) -> None:
    fees.sweep(now=now())

    assert queries.platform_balance(chart.BANK) == 50_000_000


def test_it_finds_cash_that_stripe_does_not_tell_of(bought: TopUp) -> None:
    legs = [Leg(chart.STRIPE_CASH, -1), Leg(chart.BANK, 1)]
    post(kind="float", source=Source("balance_transaction", "txn_none"), actor="test", legs=legs, now=now())

    assert broken() == {CASH}
    assert broken(minutes=14) == set()


def test_it_finds_a_line_that_tells_of_another_amount(bought: TopUp) -> None:
    charges = BalanceTransaction.objects.filter(type="charge")
    assert charges.update(amount_cents=F("amount_cents") + 1, net_cents=F("net_cents") + 1)

    assert broken() == {LINES}
    assert broken(minutes=14) == set()


def test_it_finds_a_payment_that_was_never_credited(bought: TopUp, stripe_standin: StripeStandin) -> None:
    lost = ask(bought.customer, key="second")
    pay(stripe_standin, lost.stripe_session_id)
    fees.sweep(now=now())

    assert broken() == {LINES}
    payments.fulfil(session_id=lost.stripe_session_id, now=now())
    assert broken() == set()


def test_it_finds_a_refund_that_nobody_booked(bought: TopUp) -> None:
    BalanceTransaction.objects.create(
        stripe_id="txn_refund",
        type="refund",
        source_id="re_1",
        currency="usd",
        amount_cents=-1_000,
        fee_cents=0,
        net_cents=-1_000,
        created_at=now(),
        available_on=now(),
    )

    assert broken() == {LINES}


def test_a_second_payment_in_suspense_is_explained(bought: TopUp, stripe_standin: StripeStandin) -> None:
    other = ask(bought.customer, key="second")
    TopUp.objects.filter(pk=other.pk).update(amount_cents=900, paid_credits=9_000_000_000)
    pay(stripe_standin, other.stripe_session_id)
    payments.fulfil(session_id=other.stripe_session_id, now=now())

    assert queries.platform_balance(chart.SUSPENSE) == 10_000_000
    assert broken() == set()


def test_transfers_and_their_reversals_are_lines_too(bought: TopUp, stripe_standin: StripeStandin) -> None:
    alice = open_creator()
    connect_stripe(alice, stripe_standin)
    earn(for_sale("echo", creator=alice), bought.customer, "e1", requests=100, now=NOW)
    approved(alice)
    sending.send_approved(now=PAY_DAY)
    assert broken() == {CASH}
    fees.sweep(now=now())
    assert broken() == set()
    payout = Payout.objects.get()
    reverse(payout.stripe_transfer_id or "")
    fees.sweep(now=now())
    assert broken() == {LINES}

    reversals.sync(stripe_transfer_id=payout.stripe_transfer_id or "", now=PAY_DAY)

    assert broken() == set()
