"""The same purchase many times at once, and processes that die in the middle of it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.test import Client

from billing.models import QuarantinedEvent, StripeCustomer, Subscription, TopUp
from billing.operations import fees, payments
from config.kit import clock
from tests.support.checkout import NOW, ask, pay
from tests.support.market import for_sale
from tests.support.people import bearer, customer_key, open_customer
from tests.support.processes import StripeStandin, eventually
from tests.support.races import race
from tests.support.subscribing import TIERS, ask_for
from tests.support.webhooks import event_of, register, send
from wallets import books as wallet_books
from wallets import queries
from wallets.models import CreditGrant, Transaction

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

CREDIT = 1_000_000
SESSIONS = "/v1/checkout/sessions"


@pytest.fixture(autouse=True)
def _books(transactional_db: None) -> Iterator[None]:
    yield
    assert wallet_books.violations(now=clock.now()) == []


def test_one_of_ten_fulfilments_at_once_credits(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)

    answers = race(10, lambda _: payments.fulfil(session_id=top_up.stripe_session_id, now=NOW))

    assert answers == [None] * 10
    assert Transaction.objects.filter(kind="topup").count() == 1
    assert Transaction.objects.filter(kind="stripe_fee").count() == 1
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * CREDIT


def test_two_checkouts_of_one_agent_paid_at_once_start_one_subscription(
    stripe_standin: StripeStandin,
) -> None:
    customer, agent = open_customer(), for_sale("subscribed", TIERS)
    asked = [ask_for(customer, agent, tier=tier, key=tier) for tier in ("starter", "pro")]
    sessions = [subscription.stripe_session_id for subscription in asked]
    for session_id in sessions:
        pay(stripe_standin, session_id)

    answers = race(8, lambda number: payments.fulfil(session_id=sessions[number % 2], now=NOW))

    assert answers == [None] * 8
    assert Subscription.objects.filter(state=Subscription.State.ACTIVE).count() == 1
    assert Transaction.objects.filter(kind="subscription").count() == 1
    assert "pays twice" in QuarantinedEvent.objects.get().reason


def test_one_of_ten_fulfilments_at_once_starts_the_subscription(stripe_standin: StripeStandin) -> None:
    subscription = ask_for(open_customer(), for_sale("subscribed", TIERS))
    pay(stripe_standin, subscription.stripe_session_id)

    answers = race(10, lambda _: payments.fulfil(session_id=subscription.stripe_session_id, now=NOW))

    assert answers == [None] * 10
    assert CreditGrant.objects.count() == 1
    assert Subscription.objects.get().state == Subscription.State.ACTIVE


def test_the_same_webhook_five_times_at_once_is_taken_in_once(stripe_standin: StripeStandin) -> None:
    endpoint = register()
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    event = event_of("checkout.session.completed")

    answers = race(5, lambda _: send(Client(), endpoint, event).status_code)

    # A copy that lost the race for the event's row is asked for again; Stripe's retry finds it done.
    assert set(answers) <= {200, 503}
    assert 200 in answers
    assert send(Client(), endpoint, event).status_code == 200


def test_ten_requests_under_one_key_at_once_open_one_checkout(stripe_standin: StripeStandin) -> None:
    key = customer_key(open_customer())
    stripe_standin.post("/_sim/faults", kind="delay", ms=300, path=SESSIONS, count=1)
    headers = {**bearer(key), "Idempotency-Key": "k1"}

    answers = race(
        10,
        lambda _: Client().post(
            "/v1/wallet/topup", {"amount_usd": "10.00"}, content_type="application/json", headers=headers
        ),
    )

    statuses = [answer.status_code for answer in answers if not isinstance(answer, Exception)]
    assert len(statuses) == 10
    assert set(statuses) == {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1  # type: ignore[union-attr]
    assert TopUp.objects.count() == 1
    assert StripeCustomer.objects.count() == 1


def test_ten_first_purchases_at_once_share_one_stripe_customer(stripe_standin: StripeStandin) -> None:
    bob = open_customer()

    answers = race(10, lambda number: ask(bob, key=f"key-{number}").status)

    assert answers == ["pending"] * 10
    assert TopUp.objects.exclude(stripe_session_id="").count() == 10
    assert StripeCustomer.objects.count() == 1


def test_ten_sweeps_at_once_book_each_fee_once(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    race(10, lambda _: fees.sweep(now=clock.now()))

    assert Transaction.objects.filter(kind="stripe_fee").count() == 1


def test_a_worker_killed_before_it_recorded_the_payment_credits_on_redelivery(
    stripe_standin: StripeStandin, child_environment: dict[str, str]
) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_RECORDING, top_up.stripe_session_id],
        env=child_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr
    assert not Transaction.objects.exists()

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * CREDIT


def test_a_worker_killed_in_the_middle_of_recording_leaves_nothing_behind(
    stripe_standin: StripeStandin, child_environment: dict[str, str]
) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_RECORDING, top_up.stripe_session_id],
        env=child_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr
    eventually(lambda: not Transaction.objects.exists())
    assert not CreditGrant.objects.exists()

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * CREDIT


_FULFIL = """
import datetime as dt, os, signal, sys
import django
django.setup()
from billing.operations import payments, topups
from wallets import grants

def die(**_):
    os.kill(os.getpid(), signal.SIGKILL)

{where} = die
payments.fulfil(session_id=sys.argv[1], now=dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC))
"""
KILLED_BEFORE_RECORDING = _FULFIL.format(where="topups.credit")
KILLED_WHILE_RECORDING = _FULFIL.format(where="grants.add")
