"""Money in: what went wrong elsewhere between a card and the credits it buys."""

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from djstripe.models import Event, WebhookEventTrigger

from billing.models import TopUp
from billing.operations import payments, topups
from billing.stripe import checkout
from tests.museum.exhibits import incident
from tests.support import ledger, plans, runs
from tests.support.checkout import NOW, ask, buy, pay
from tests.support.market import for_sale
from tests.support.people import bearer, customer_key, open_customer
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.runs import MONDAY, credits
from tests.support.subscribing import TIERS, ask_for, subscribe
from tests.support.webhooks import event_of, register, send
from wallets import grants, money, queries
from wallets.models import CreditGrant, Entry, GrantDrawdown, Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def granted() -> int:
    """Sum all credits that were ever granted."""
    return int(CreditGrant.objects.aggregate(total=Sum("amount"))["total"] or 0)


@incident("https://github.com/Significant-Gravitas/AutoGPT/pull/10672")
@pytest.mark.django_db(transaction=True)
def test_webhooks_at_once_credit_a_top_up_once(stripe_standin: StripeStandin) -> None:
    """Two webhooks both passed a check made before the lock: a $50 top-up was credited twice."""
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    found = checkout.retrieve(session_id=top_up.stripe_session_id)
    assert found.payment is not None
    payment = found.payment

    answers = race(8, lambda _: topups.credit(top_up_id=top_up.pk, checkout=found, payment=payment, now=NOW))

    assert granted() == credits(10_000)
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == credits(10_000)
    assert answers == [None] * 8


@incident("https://github.com/getlago/lago-api/pull/3618")
@pytest.mark.django_db(transaction=True)
def test_jobs_milliseconds_apart_grant_a_plans_credits_once(stripe_standin: StripeStandin) -> None:
    """Paid credits were settled twice within milliseconds, by jobs that both saw them pending."""
    subscription = ask_for(open_customer(), for_sale("subscribed", TIERS))
    pay(stripe_standin, subscription.stripe_session_id)

    answers = race(6, lambda _: payments.fulfil(session_id=subscription.stripe_session_id, now=NOW))

    assert answers == [None] * 6
    assert granted() == credits(1_000)


@incident("https://github.com/getlago/lago-api/issues/5870")
def test_the_same_top_up_sent_twice_is_one_top_up(client: Client, stripe_standin: StripeStandin) -> None:
    """The same top-up request sent twice made two top-ups, and both were credited: there was no key."""
    headers = {**bearer(customer_key(open_customer())), "Idempotency-Key": "my-top-up"}

    def send_it(amount: str) -> Any:
        body = {"amount_usd": amount}
        return client.post("/v1/wallet/topup", body, content_type="application/json", headers=headers)

    first, again, other = send_it("10.00"), send_it("10.00"), send_it("20.00")

    assert TopUp.objects.count() == 1
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert other.status_code == 422


@incident("https://github.com/AI-Shipping-Labs/website/issues/1423")
def test_a_completed_checkout_that_is_unpaid_credits_nothing_yet(stripe_standin: StripeStandin) -> None:
    """Access was granted on `checkout.session.completed`, with the bank debit still unpaid."""
    top_up = ask(open_customer())
    session_id = top_up.stripe_session_id
    pay(stripe_standin, session_id, unpaid=True)

    payments.fulfil(session_id=session_id, now=NOW)
    assert not Entry.objects.exists()

    stripe_standin.post(f"/_sim/checkout/sessions/{session_id}/settle", outcome="succeeded")
    payments.fulfil(session_id=session_id, now=NOW)
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == credits(10_000)


@incident("https://github.com/flexprice/flexprice/issues/794")
def test_the_payment_of_a_plan_tops_up_nothing_else(stripe_standin: StripeStandin) -> None:
    """Paying an invoice by its link also credited the wallet: one payment counted for two things."""
    bob = open_customer()

    subscription = subscribe(bob, for_sale("subscribed", TIERS), stripe_standin)
    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)

    assert granted() == credits(1_000)
    assert runs.wallet_of(bob).balance == 0
    assert not Transaction.objects.filter(kind="topup").exists()


@incident("https://github.com/dj-stripe/dj-stripe/issues/1239")
def test_a_webhook_delivered_again_is_answered_200(client: Client, stripe_standin: StripeStandin) -> None:
    """A second delivery of one event broke its unique id and answered 500, so Stripe sent it again."""
    endpoint = register()
    pay(stripe_standin, ask(open_customer()).stripe_session_id)
    event = event_of("checkout.session.completed")

    assert [send(client, endpoint, event).status_code for _ in range(3)] == [200, 200, 200]
    assert Event.objects.filter(id=event["id"]).count() == 1


@incident("https://github.com/stripe/stripe-cli/issues/418")
def test_events_in_the_wrong_order_credit_once(
    client: Client, stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any
) -> None:
    """Stripe's events come out of order, by design: the success of a debit before its `completed`."""
    endpoint = register()
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id, unpaid=True)
    completed = event_of("checkout.session.completed")
    stripe_standin.post(f"/_sim/checkout/sessions/{top_up.stripe_session_id}/settle", outcome="succeeded")
    succeeded = event_of("checkout.session.async_payment_succeeded")

    for event in (succeeded, completed, succeeded):
        with django_capture_on_commit_callbacks() as jobs:
            assert send(client, endpoint, event).status_code == 200
        for _ in jobs:
            payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    top_up.refresh_from_db()
    assert (top_up.status, top_up.failure) == (TopUp.Status.PAID, "")
    assert granted() == credits(10_000)


@incident(
    "https://github.com/dj-stripe/dj-stripe/blob/3f46aa0ccecf9bf4a77e8bfba8cedc9f08614c4e/djstripe/models/webhooks.py"
)
@pytest.mark.parametrize("body", [b'{"id": "evt_1\\u0000"}', b"\x00", b'{"id": "' + b"x" * 200_000 + b'"}'])
def test_a_forged_webhook_leaves_no_row(client: Client, stripe_standin: StripeStandin, body: bytes) -> None:
    """Whoever posted to the webhook's address had the body stored before its signature was looked at; NUL was a 500."""
    endpoint = register()
    client.raise_request_exception = False

    answers = [
        send(client, endpoint, body, signature="t=1,v1=00", HTTP_X_FORWARDED_FOR="not-an-ip"),
        send(client, endpoint, body, signature="t=1,v1=\x00"),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert not WebhookEventTrigger.objects.exists()


@incident("https://github.com/recoupable/app/issues/1960")
def test_a_renewal_adds_to_what_is_there() -> None:
    """The monthly refill set the balance to the plan's figure and cut credits that were paid for."""
    plans.on_sale()
    bob = runs.make_customer(credits=5_000)
    plans.attach(bob, "credits-free", now=MONDAY)

    plans.renew(now=MONDAY.replace(month=4))
    grants.expire_due(wallet_id=runs.wallet_of(bob).pk, now=MONDAY.replace(month=4))

    assert runs.wallet_of(bob).balance == credits(5_000) + credits(5_000)


@incident("https://github.com/getlago/lago-api/pull/4642")
def test_odd_parts_of_a_purchase_cost_exactly_its_price() -> None:
    """Wallet and invoice rounded the same credits apart: a cent off, and once a negative total."""
    agent, bob = runs.make_agent(manifest=runs.PER_TOKEN), open_customer()
    ledger.buy(runs.wallet_of(bob), cents=1_000, bonus_credits=1_000)

    for number, tokens in enumerate(money.largest_remainder(11_000_000, [1] * 7)):
        runs.charge(agent, bob, str(number), usage={"input_tokens": Decimal(tokens)})

    cash = list(GrantDrawdown.objects.values_list("cash", flat=True))
    assert sum(cash) == money.cents_to_micros(1_000)
    assert min(cash) >= 0
    assert runs.wallet_of(bob).balance == 0


@incident(
    "https://github.com/getlago/lago-api/blob/20277d9d06d6a0eac5a94cc5e91556d3542edbfd/app/models/wallet_credit.rb"
)
def test_cents_and_credits_convert_without_loss() -> None:
    """Credits are made from cents, and cents from credits, by dividing floats (`fdiv`)."""
    cents = range(1, 5_000)

    assert [money.cents_to_credits(n) for n in cents] == [n * credits(10) for n in cents]
    assert [money.credits_to_cents(money.cents_to_credits(n)) for n in cents] == list(cents)


@incident("https://github.com/antiwork/gumroad/pull/5468")
def test_the_price_of_a_package_is_shared_without_loss(stripe_standin: StripeStandin) -> None:
    """Each part of a sale was rounded by itself: 99 of 100 cents arrived."""
    buy(open_customer(), stripe_standin, order=topups.order_of_package(slug="starter"))

    shares = list(CreditGrant.objects.values_list("cash", flat=True))
    assert len(shares) == 2
    assert sum(shares) == money.cents_to_micros(1_000)
