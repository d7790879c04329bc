"""Buying: the checkout that is asked for, the webhook's door, the jobs that credit, sweep and book fees."""

from typing import Any, Final

from django.test import Client

from accounts.models import Customer
from billing.models import Subscription, TopUp
from billing.operations import checkouts, fees, payments, subscriptions, topups
from billing.queries.purchases import Bought
from billing.stripe.client import client
from billing.stripe.errors import StripeUnavailableError
from tests.support import market
from tests.support.callers import Caller
from tests.support.checkout import TEN_DOLLARS, pay
from tests.support.crash_points import Life
from tests.support.people import customer_key, open_customer
from tests.support.stories import Stage, Story
from tests.support.subscribing import TIERS
from tests.support.webhooks import event_of, register, send


def _comes_to_be_credited(stage: Stage, purchase: Bought) -> None:
    """Let the customer pay if it has not, and the sweeper look."""
    purchase.refresh_from_db()
    session = client().v1.checkout.sessions.retrieve(purchase.stripe_session_id)
    if session.status == "open":
        pay(stage.stripe, purchase.stripe_session_id)
    stage.time.passes(minutes=1)
    stage.sweep()


def _buyer(stage: Stage, name: str) -> Caller:
    return Caller(Client(), customer_key(open_customer(name)), "/v1/wallet/topup")


def _buys(stage: Stage, caller: Caller) -> bytes:
    answer = caller.post({"amount_usd": "10.00"}, key="mine")
    if answer.status_code == StripeUnavailableError.status:
        raise StripeUnavailableError
    assert answer.status_code == 201, answer.content
    return bytes(answer.content)


def _buys_again(stage: Stage, caller: Caller, life: Life) -> None:
    # A dead process keeps its turn at the checkout for this long.
    stage.time.passes(seconds=checkouts.CALL_SECONDS_MAX)
    answer = _buys(stage, caller)
    assert life.killed or life.answer == answer
    _comes_to_be_credited(stage, TopUp.objects.latest("id"))


def _subscriber(stage: Stage, name: str) -> Customer:
    stage.once("tiers", lambda: market.for_sale("subscribed", TIERS))
    return open_customer(name)


def _subscribes(stage: Stage, customer: Customer) -> str:
    found = subscriptions.request(
        customer=customer,
        principal="page",
        key=customer.public_id,
        agent="subscribed",
        tier="starter",
        now=stage.now,
    )
    return found.subscription.stripe_session_id


def _subscribes_again(stage: Stage, customer: Customer, life: Life) -> None:
    stage.time.passes(seconds=checkouts.CALL_SECONDS_MAX)
    session_id = _subscribes(stage, customer)
    assert life.killed or life.answer == session_id
    _comes_to_be_credited(stage, Subscription.objects.latest("id"))
    _month_ends(stage)


def _month_ends(stage: Stage) -> None:
    """Let the month's credits expire here, not in a later story."""
    stage.time.passes(days=32)
    stage.sweep()


def _paid(stage: Stage, name: str) -> TopUp:
    asked = topups.request(
        customer=open_customer(name), principal="page", key=name, order=TEN_DOLLARS, now=stage.now
    )
    pay(stage.stripe, asked.top_up.stripe_session_id)
    stage.time.passes(minutes=1)
    return asked.top_up


def _paid_subscription(stage: Stage, name: str) -> Subscription:
    _subscribes(stage, _subscriber(stage, name))
    subscription = Subscription.objects.latest("id")
    pay(stage.stripe, subscription.stripe_session_id)
    stage.time.passes(minutes=1)
    return subscription


def _fulfils(stage: Stage, purchase: Bought) -> None:
    payments.fulfil(session_id=purchase.stripe_session_id, now=stage.now)


def _is_swept(stage: Stage, purchase: Bought, life: Life) -> None:
    # Killed between noting the look and sending its job, a purchase is looked up at the next minute's sweep.
    stage.time.passes(minutes=1)
    stage.sweep()


def _starts(stage: Stage, subscription: Subscription, life: Life) -> None:
    _is_swept(stage, subscription, life)
    _month_ends(stage)


def _told_of(stage: Stage, name: str) -> dict[str, Any]:
    endpoint = register()
    _paid(stage, name)
    return {"endpoint": endpoint, "event": event_of("checkout.session.completed")}


def _delivers(stage: Stage, delivery: dict[str, Any]) -> int:
    return int(send(Client(), delivery["endpoint"], delivery["event"]).status_code)


def _delivers_again(stage: Stage, delivery: dict[str, Any], life: Life) -> None:
    if life.answer != 200:
        assert _delivers(stage, delivery) == 200
    stage.sweep()


TALES: Final = {
    "a top-up is asked for": Story(_buyer, _buys, _buys_again),
    "a subscription is asked for": Story(_subscriber, _subscribes, _subscribes_again),
    "a top-up is credited": Story(_paid, _fulfils, _is_swept),
    "a subscription starts": Story(_paid_subscription, _fulfils, _starts),
    "a webhook tells of a payment": Story(_told_of, _delivers, _delivers_again),
    "purchases are swept": Story(_paid, lambda stage, _: payments.sweep(now=stage.now), _is_swept),
    "fees are swept": Story(_paid, lambda stage, _: fees.sweep(now=stage.now), _is_swept),
}
