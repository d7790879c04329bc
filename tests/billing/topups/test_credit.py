"""Crediting a paid top-up: payments.fulfil."""

import datetime as dt
from dataclasses import replace

import pytest

from billing.models import BalanceTransaction, QuarantinedEvent, TopUp
from billing.operations import payments, topups
from billing.stripe import checkout
from tests.support.checkout import NOW, ask, buy, pay
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import chart, queries
from wallets.models import CreditGrant, Entry, Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000
USD = 1_000_000


def test_it_credits_a_paid_top_up(stripe_standin: StripeStandin) -> None:
    bob = open_customer()

    top_up = buy(bob, stripe_standin)

    assert top_up.status == TopUp.Status.PAID
    assert top_up.payment_intent_id is not None
    assert [change.to_status for change in top_up.changes.all()] == ["paid"]
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * CREDIT
    assert queries.platform_balance(chart.ISSUED["paid"]) == -10_000 * CREDIT
    assert queries.platform_balance(chart.DEFERRED) == 10 * USD


def test_it_books_stripes_fee_from_the_balance_transaction(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin)

    line = BalanceTransaction.objects.get()
    assert (line.amount_cents, line.fee_cents, line.net_cents) == (1_000, 59, 941)
    assert line.source_id == top_up.charge_id
    assert line.transaction is not None
    assert line.transaction.source_id == line.stripe_id
    assert top_up.fee_cents == 59
    assert queries.platform_balance(chart.STRIPE_FEES) == -590_000
    assert queries.platform_balance(chart.STRIPE_CASH) == -9_410_000


def test_it_spreads_the_price_over_paid_and_bonus_credits(stripe_standin: StripeStandin) -> None:
    order = topups.order_of_package(slug="starter")

    top_up = buy(open_customer(), stripe_standin, order=order)

    paid, bonus = CreditGrant.objects.filter(wallet=top_up.wallet).order_by("-amount")
    assert (paid.funding_class, paid.amount, paid.cash) == ("paid", 10_000 * CREDIT, 9_090_909)
    assert (bonus.funding_class, bonus.amount, bonus.cash) == ("bonus", 1_000 * CREDIT, 909_091)
    assert paid.expires_at is None
    assert bonus.expires_at == NOW + dt.timedelta(days=365)


def test_it_credits_once_when_fulfilled_again(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin)

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)
    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW + dt.timedelta(days=1))

    assert Transaction.objects.filter(kind="topup").count() == 1
    assert Transaction.objects.filter(kind="stripe_fee").count() == 1
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * CREDIT
    assert queries.platform_balance(chart.STRIPE_CASH) == -9_410_000
    assert not QuarantinedEvent.objects.exists()


def test_it_credits_nothing_while_unpaid(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    top_up.refresh_from_db()
    assert top_up.status == TopUp.Status.PENDING
    assert not Entry.objects.exists()


def test_it_credits_nothing_for_a_completed_checkout_that_is_unpaid(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    found = checkout.retrieve(session_id=top_up.stripe_session_id)
    assert found.payment is not None
    debit_under_way = replace(found.payment, status="processing", received_cents=0)

    topups.settle(
        top_up=top_up, checkout=replace(found, payment_status="unpaid", payment=debit_under_way), now=NOW
    )

    assert not Entry.objects.exists()
    topups.settle(top_up=top_up, checkout=found, now=NOW)
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * CREDIT


def test_it_fails_a_top_up_whose_delayed_payment_failed(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    found = checkout.retrieve(session_id=top_up.stripe_session_id)
    assert found.payment is not None
    bounced = replace(found.payment, status="requires_payment_method", received_cents=0, failure="No funds.")

    topups.settle(top_up=top_up, checkout=replace(found, payment_status="unpaid", payment=bounced), now=NOW)

    top_up.refresh_from_db()
    assert (top_up.status, top_up.failure) == (TopUp.Status.FAILED, "No funds.")
    assert not Entry.objects.exists()


def test_it_tells_of_a_declined_card_and_waits_for_another(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    stripe_standin.post(f"/_sim/checkout/sessions/{top_up.stripe_session_id}/decline")

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    top_up.refresh_from_db()
    assert top_up.status == TopUp.Status.PENDING
    assert "declined" in top_up.failure
    assert not Entry.objects.exists()
    pay(stripe_standin, top_up.stripe_session_id)
    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)
    top_up.refresh_from_db()
    assert (top_up.status, top_up.failure) == (TopUp.Status.PAID, "")


def test_it_expires_a_top_up_with_its_checkout(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    stripe_standin.post(f"/_sim/checkout/sessions/{top_up.stripe_session_id}/expire")

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    top_up.refresh_from_db()
    assert top_up.status == TopUp.Status.EXPIRED
    assert not Entry.objects.exists()


def test_it_credits_a_payment_that_came_after_it_was_given_up(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    topups.lapse(top_up=top_up, now=NOW)
    pay(stripe_standin, top_up.stripe_session_id)

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    top_up.refresh_from_db()
    assert top_up.status == TopUp.Status.PAID


def test_it_puts_a_payment_of_another_amount_in_suspense(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    TopUp.objects.filter(pk=top_up.pk).update(amount_cents=2_000, paid_credits=20_000 * CREDIT)
    pay(stripe_standin, top_up.stripe_session_id)

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)
    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    top_up.refresh_from_db()
    assert top_up.status == TopUp.Status.PENDING
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 0
    assert queries.platform_balance(chart.SUSPENSE) == 10 * USD
    assert QuarantinedEvent.objects.get().reason.endswith("1000 usd came for 2000 usd")


def test_it_leaves_somebody_elses_checkout_alone(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    TopUp.objects.filter(pk=top_up.pk).update(public_id="top_00000000000000000000000000")

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    assert not Entry.objects.exists()
