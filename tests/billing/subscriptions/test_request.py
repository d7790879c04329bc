"""Asking for a subscription: subscriptions.request."""

import pytest

from billing.models import Subscription
from billing.operations.subscriptions import AlreadySubscribedError
from config.kit.errors import InvalidInputError, KeyReusedError
from marketplace.queries import AgentNotFoundError
from tests.support.market import draft, for_sale
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, ask_for, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_it_opens_a_checkout_at_the_tiers_price(stripe_standin: StripeStandin) -> None:
    subscription = ask_for(open_customer(), for_sale("subscribed", TIERS), tier="pro")

    assert subscription.state == Subscription.State.INCOMPLETE
    assert subscription.amount_cents == 4_999
    assert subscription.checkout_url.startswith(stripe_standin.url)


def test_it_gives_the_same_checkout_for_the_same_key(stripe_standin: StripeStandin) -> None:
    bob, agent = open_customer(), for_sale("subscribed", TIERS)

    assert ask_for(bob, agent).checkout_url == ask_for(bob, agent).checkout_url
    assert Subscription.objects.count() == 1


def test_it_refuses_another_tier_under_the_key(stripe_standin: StripeStandin) -> None:
    bob, agent = open_customer(), for_sale("subscribed", TIERS)
    ask_for(bob, agent)

    with pytest.raises(KeyReusedError):
        ask_for(bob, agent, tier="pro")


def test_it_refuses_a_second_subscription_to_the_agent(stripe_standin: StripeStandin) -> None:
    bob, agent = open_customer(), for_sale("subscribed", TIERS)
    subscribe(bob, agent, stripe_standin)

    with pytest.raises(AlreadySubscribedError):
        ask_for(bob, agent, key="second")


@pytest.mark.parametrize("tier", ["", "gold", "Starter", "starter\x00"])
def test_it_refuses_a_tier_that_is_not_on_sale(tier: str) -> None:
    with pytest.raises(InvalidInputError):
        ask_for(open_customer(), for_sale("subscribed", TIERS), tier=tier)


def test_it_refuses_an_agent_without_tiers() -> None:
    with pytest.raises(InvalidInputError):
        ask_for(open_customer(), for_sale("per-request"))


def test_it_refuses_an_agent_that_is_not_for_sale() -> None:
    with pytest.raises(AgentNotFoundError):
        ask_for(open_customer(), draft("hidden"))
