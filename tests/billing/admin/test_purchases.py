"""The operator's pages of purchases and of Stripe's inbox."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from djstripe.models import Account, APIKey, Event, WebhookEndpoint, WebhookEventTrigger

from accounts.models import User
from billing.models import BalanceTransaction, QuarantinedEvent, Subscription, TopUp
from tests.support.checkout import ask, buy
from tests.support.market import for_sale
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, subscribe
from tests.support.webhooks import event_of, register, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

MODELS = [TopUp, Subscription, BalanceTransaction, QuarantinedEvent]
INBOX = [Event, WebhookEndpoint, WebhookEventTrigger]


@pytest.fixture
def olive(client: Client) -> Client:
    """Sign the operator in."""
    user = User.objects.create_superuser("olive@example.com", "correct horse battery")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def world(stripe_standin: StripeStandin) -> None:
    """Fill every page: a top-up, a subscription, an event that was taken in and one that was not."""
    endpoint = register()
    bob = open_customer()
    buy(bob, stripe_standin)
    subscribe(bob, for_sale("subscribed", TIERS), stripe_standin)
    event = event_of("checkout.session.completed")
    assert send(Client(), endpoint, event).status_code == 200
    assert send(Client(), endpoint, {**event, "id": "evt_poison", "api_version": "\x00"}).status_code == 200


def page(model: Any, what: str, *args: Any) -> str:
    """Give the address of an admin page."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("model", [*MODELS, *INBOX], ids=lambda model: model.__name__)
def test_it_lists_finds_and_shows_and_changes_nothing(olive: Client, model: Any) -> None:
    row = model.objects.first()

    assert olive.get(page(model, "changelist")).status_code == 200
    assert olive.get(page(model, "changelist") + "?q=evt_1").status_code == 200
    assert olive.get(page(model, "change", row.pk)).status_code == 200
    assert olive.get(page(model, "add")).status_code == 403
    assert olive.post(page(model, "change", row.pk), {}).status_code == 403
    assert olive.post(page(model, "delete", row.pk), {}).status_code == 403


@pytest.mark.usefixtures("world")
def test_it_never_shows_a_secret(olive: Client) -> None:
    endpoint = WebhookEndpoint.objects.first()
    assert endpoint is not None

    shown = olive.get(page(WebhookEndpoint, "change", endpoint.pk)).content.decode()

    assert endpoint.url in shown
    assert endpoint.secret not in shown
    assert not admin.site.is_registered(APIKey)


def test_it_leaves_out_the_mirrors_own_pages() -> None:
    kept = [
        model for model in apps.get_app_config("djstripe").get_models() if admin.site.is_registered(model)
    ]

    assert set(kept) == set(INBOX)
    assert not admin.site.is_registered(Account)


@pytest.mark.parametrize("query", ["top_", "bob@example.com", "nobody"])
def test_it_finds_top_ups_by_what_staff_know(
    olive: Client, stripe_standin: StripeStandin, query: str
) -> None:
    top_up = ask(open_customer())
    query = top_up.public_id if query == "top_" else query

    shown = olive.get(page(TopUp, "changelist"), {"q": query}).content.decode()

    assert (top_up.public_id in shown.replace(f'value="{query}"', "")) is (query != "nobody")


def test_it_looks_checkouts_up_at_stripe(
    olive: Client, stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any
) -> None:
    top_up = ask(open_customer())

    with django_capture_on_commit_callbacks() as callbacks:
        olive.post(page(TopUp, "changelist"), {"action": "look_up", "_selected_action": [top_up.pk]})

    sent = [call.args[-1] for call in callbacks if hasattr(call, "args")]
    assert {"session_id": top_up.stripe_session_id} in sent


@pytest.mark.usefixtures("world")
def test_it_marks_quarantined_events_as_resolved(olive: Client) -> None:
    kept = QuarantinedEvent.objects.get()

    olive.post(page(QuarantinedEvent, "changelist"), {"action": "resolve", "_selected_action": [kept.pk]})

    kept.refresh_from_db()
    assert kept.resolved_by == "staff:olive@example.com"
    assert kept.resolved_at is not None


def test_it_is_for_staff_only(client: Client) -> None:
    user = User.objects.create_user("bob@example.com", "correct horse battery")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(page(TopUp, "changelist")).status_code == 302
