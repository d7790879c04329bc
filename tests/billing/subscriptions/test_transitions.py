"""Which step a subscription takes in which state; every other one is a clear 409 that changes nothing."""

from typing import Any, Final

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from billing.models import Invoice, Subscription, SubscriptionStateChange
from billing.models.subscriptions import FOLLOWS
from billing.operations import payments, subscriptions
from billing.operations.invoices import closing
from billing.operations.subscriptions import cancelling, dunning, states
from billing.operations.subscriptions.states import SubscriptionStateError
from billing.stripe.client import client as stripe
from config.kit import clock
from tests.support import people
from tests.support.callers import Caller
from tests.support.checkout import pay
from tests.support.invoicing import DECLINED
from tests.support.plans import attach, current, on_sale, renew, settle_up
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

State = Subscription.State
STEPS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "see more": ("preview", {"plan": "team", "quantity": 2}),
    "more": ("change", {"plan": "team", "quantity": 2}),
    "less": ("change", {"plan": "free"}),
    "cancel": ("cancel", {}),
    "cancel now": ("cancel", {"at": "now"}),
    "keep": ("keep", {}),
    "pause": ("pause", {}),
    "resume": ("resume", {}),
}
ALLOWED: Final = {
    "incomplete": set(),
    "active": {"see more", "more", "less", "cancel", "cancel now", "keep", "pause"},
    "past_due": {"less", "cancel", "cancel now", "keep"},
    "paused": {"less", "cancel", "cancel now", "keep", "resume"},
    "cancelled": set(),
    "expired": set(),
}


def taken(api: Caller, subscription: Subscription) -> tuple[str, set[str]]:
    """Try every step on a subscription, each undone again, and name its state and those that were taken."""
    found = set()
    for name, (step, body) in STEPS.items():
        with transaction.atomic():
            answer = api.post(body, path=f"/v1/subscriptions/{subscription.public_id}/{step}")
            transaction.set_rollback(True)
        if answer.status_code == 200:
            found.add(name)
        else:
            assert (answer.status_code, answer.json()["code"]) == (409, "subscription_state"), answer.json()
    return Subscription.objects.get(pk=subscription.pk).state, found


def test_each_state_is_reached_and_takes_its_steps_only(
    client: Client, stripe_standin: StripeStandin
) -> None:
    on_sale()
    bob = people.open_customer()
    api = Caller(client, people.customer_key(bob), "")
    now = clock.now()
    one = attach(bob, "pro", now=now)
    found = [taken(api, one)]
    pay(stripe_standin, one.stripe_session_id)
    payments.fulfil(session_id=one.stripe_session_id, now=now)
    found.append(taken(api, one))
    cancelling.pause(subscription_id=one.pk, actor="bob", now=now)
    found.append(taken(api, one))
    cancelling.resume(subscription_id=one.pk, actor="bob", now=now)
    stripe().v1.payment_methods.attach(DECLINED, {"customer": bob.stripe_customer.stripe_id})
    end = current(one).ends_at
    renew(now=end)
    settle_up(now=end)
    dunning.sweep(now=end)
    found.append(taken(api, one))
    closing.uncollectible(invoice=Invoice.objects.get(state="open"), reason="unpaid", actor="test", now=end)
    dunning.sweep(now=end)
    found.append(taken(api, one))
    two = attach(bob, "pro", key="second", now=end)
    subscriptions.lapse(subscription=two, now=end)
    found.append(taken(api, two))

    assert dict(found) == ALLOWED
    assert set(ALLOWED) == set(State.values)


def test_a_state_follows_those_it_may_and_no_other() -> None:
    on_sale()
    bob = people.open_customer()
    subscription = attach(bob, "credits-free")

    for old in State:
        for new in State:
            step = SubscriptionStateChange(
                subscription=subscription, from_state=old, to_state=new, reason="test", changed_at=clock.now()
            )
            # Facts may be noted in any state; what else is allowed is written down once.
            allowed = old == new or new in FOLLOWS[old]
            with transaction.atomic():
                if allowed:
                    step.save()
                else:
                    with pytest.raises(IntegrityError, match="_allowed"), transaction.atomic():
                        step.save()
                transaction.set_rollback(True)
            if not allowed:
                subscription.state = old
                with pytest.raises(SubscriptionStateError):
                    states.change(subscription, state=new, reason="test", now=clock.now())
