"""Plans asked for, changed and left by many at once: one subscription, one checkout, and books that balance."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Subscription, SubscriptionPeriod
from billing.operations import payments
from billing.stripe.client import client
from config.kit import clock
from tests.support import people, plans
from tests.support.callers import Caller
from tests.support.checkout import pay
from tests.support.processes import StripeStandin
from tests.support.races import race

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books", "no_deadlocks"),
    pytest.mark.faults,
]
MANY = 20
LIVE = ("active", "past_due", "paused")


@pytest.fixture
def bob() -> Customer:
    """A customer that services name in their own way; the plans are on sale."""
    plans.on_sale()
    return people.open_customer("bob", external_id="bob-at-home")


def attacher() -> Callable[..., Any]:
    """Ask for a plan as a service does, under a key of its own each time."""
    service = people.service_key()

    def attach(plan: str, number: int) -> Any:
        body = {"customer": "bob-at-home", "plan": plan}
        return Caller(Client(), service, "/v1/attach").post(body, key=f"{plan}-{number}")

    return attach


def leaver(bob: Customer, left: str) -> Callable[[], Any]:
    """Cancel a subscription at once, as its customer does."""
    key = people.customer_key(bob)
    return lambda: Caller(Client(), key, f"/v1/subscriptions/{left}/cancel").post({"at": "now"})


def answers(found: list[Any], *, allowed: set[int]) -> list[Any]:
    assert not [each for each in found if isinstance(each, Exception)]
    assert {each.status_code for each in found} <= allowed, [each.content for each in found]
    return found


def paid(standin: StripeStandin) -> Subscription:
    """Pay for what waits to be paid."""
    waiting = Subscription.objects.get(state="incomplete")
    pay(standin, waiting.stripe_session_id)
    payments.fulfil(session_id=waiting.stripe_session_id, now=clock.now())
    waiting.refresh_from_db()
    return waiting


def test_a_plan_has_one_checkout_and_a_change_and_its_end_take_turns(
    bob: Customer, stripe_standin: StripeStandin
) -> None:
    attach = attacher()
    stripe_standin.post("/_sim/faults", kind="delay", ms=200, path="/v1/checkout/sessions", count=1)

    found = answers(race(MANY, lambda n: attach("pro", n)), allowed={200, 409})

    # While Stripe is asked the others are told to come again; all of them are led to one checkout.
    again = answers([attach("pro", n) for n in range(MANY)], allowed={200})
    urls = {each.json()["checkout_url"] for each in [*found, *again] if each.status_code == 200}
    assert (len(urls), Subscription.objects.count()) == (1, 1)
    assert len(client().v1.checkout.sessions.list().data) == 1

    pro = paid(stripe_standin)
    cancel = leaver(bob, pro.public_id)
    answers(
        race(MANY, lambda n: cancel() if n % 2 else attach("team", n)),
        allowed={200, 409},
    )

    # Changed before it ended or after, Pro is over; a plan that was asked for afterwards waits for its payment.
    states = Counter(Subscription.objects.values_list("state", flat=True))
    assert states["cancelled"] == 1
    assert (states["incomplete"] <= 1, sum(states.values()) <= 2) == (True, True)
    assert not SubscriptionPeriod.objects.filter(subscription=pro, closed_at=None).exists()


def test_a_free_plan_begins_once_while_the_one_before_is_left(bob: Customer) -> None:
    before = plans.attach(bob, "payg", now=clock.now())
    attach, cancel = attacher(), leaver(bob, before.public_id)

    answers(race(MANY, lambda n: cancel() if n % 2 else attach("credits-free", n)), allowed={200, 409})

    (live,) = Subscription.objects.filter(state__in=LIVE)
    assert (live.version.plan.slug, Subscription.objects.count()) == ("credits-free", 2)
    assert live.periods.count() == 1
