"""The webhook front door: webhooks.receive."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from djstripe.models import Event, WebhookEndpoint, WebhookEventTrigger

from billing.models import QuarantinedEvent, TopUp
from billing.stripe import receivers
from tests.support.checkout import ask, pay
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.webhooks import event_of, path, register, send, signed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def endpoint(stripe_standin: StripeStandin) -> WebhookEndpoint:
    """Register our endpoints."""
    return register()


@pytest.fixture
def paid(endpoint: WebhookEndpoint, stripe_standin: StripeStandin) -> dict[str, Any]:
    """Let Bob pay; give the event that tells of it."""
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    return event_of("checkout.session.completed")


@pytest.fixture
def jobs(django_capture_on_commit_callbacks: Any) -> Any:
    """Catch the jobs that a block enqueues."""

    class Caught:
        def __enter__(self) -> "Caught":
            self.context = django_capture_on_commit_callbacks()
            self.callbacks = self.context.__enter__()
            return self

        def __exit__(self, *error: Any) -> None:
            self.context.__exit__(*error)

        @property
        def sent(self) -> list[Any]:
            return [(call.args[0], call.args[-1]) for call in self.callbacks if hasattr(call, "args")]

    return Caught()


def nothing_was_kept() -> bool:
    """Tell whether no row speaks of a webhook."""
    return not (
        WebhookEventTrigger.objects.exists() or Event.objects.exists() or QuarantinedEvent.objects.exists()
    )


def test_it_takes_an_event_in_and_enqueues_what_follows(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], jobs: Any
) -> None:
    with jobs:
        answer = send(client, endpoint, paid)

    assert answer.status_code == 200
    assert WebhookEventTrigger.objects.get().processed
    session_id = TopUp.objects.get().stripe_session_id
    assert jobs.sent == [("billing.fulfil_checkout", {"session_id": session_id})]


def test_it_does_nothing_for_a_copy(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], jobs: Any
) -> None:
    with jobs:
        answers = [send(client, endpoint, paid).status_code for _ in range(5)]

    assert answers == [200] * 5
    assert Event.objects.count() == 1
    assert len(jobs.sent) == 1


def test_it_looks_a_checkout_up_whose_card_was_declined(
    client: Client, endpoint: WebhookEndpoint, stripe_standin: StripeStandin, jobs: Any
) -> None:
    top_up = ask(open_customer())
    stripe_standin.post(f"/_sim/checkout/sessions/{top_up.stripe_session_id}/decline")

    with jobs:
        answer = send(client, endpoint, event_of("payment_intent.payment_failed"))

    assert answer.status_code == 200
    assert jobs.sent == [("billing.fulfil_checkout", {"session_id": top_up.stripe_session_id})]


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        "cs_1",
        {},
        {"id": None},
        {"metadata": None},
        {"metadata": {}},
        {"metadata": {"reference": 1}},
        {"metadata": {"reference": "top_unknown"}},
        {"metadata": {"reference": "\x00"}},
    ],
)
@pytest.mark.parametrize("type_", ["payment_intent.payment_failed", "checkout.session.completed"])
def test_it_follows_nothing_up_that_names_no_checkout_of_ours(
    type_: str, found: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        receivers.follow_up({"type": type_, "data": {"object": found}})
        receivers.follow_up({"type": type_, "data": found})

    assert callbacks == []


def test_it_takes_in_a_type_that_nothing_follows(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], jobs: Any
) -> None:
    with jobs:
        answer = send(client, endpoint, {**paid, "id": "evt_new", "type": "invoice.some_day"})

    assert answer.status_code == 200
    assert jobs.sent == []


@pytest.mark.parametrize(
    "header",
    ["", "t=1,v1=00", "v1=00", "t=x,v1=00", "t=,v1=", "nonsense", "t=1,v1=\u00e9", "t=1\x00,v1=0"],
)
def test_it_refuses_a_forged_event_and_keeps_nothing(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], header: str
) -> None:
    answer = send(client, endpoint, paid, signature=header or " ")

    assert answer.status_code == 400
    assert nothing_was_kept()


def test_it_refuses_another_secret(client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any]) -> None:
    assert send(client, endpoint, paid, secret="whsec_forged").status_code == 400
    assert nothing_was_kept()


def test_it_refuses_a_missing_signature(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any]
) -> None:
    answer = client.post(path(endpoint), paid, content_type="application/json")

    assert answer.status_code == 400
    assert nothing_was_kept()


@pytest.mark.parametrize("seconds", [-301, -86_400, 310, 86_400])
def test_it_refuses_what_is_stale_or_from_the_future(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], seconds: int
) -> None:
    body = json.dumps(paid).encode()
    header = signed(body, secret=endpoint.secret, at=int(time.time()) + seconds)

    assert send(client, endpoint, body, signature=header).status_code == 400
    assert nothing_was_kept()


def test_it_refuses_an_event_whose_body_was_changed(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any]
) -> None:
    header = signed(json.dumps(paid).encode(), secret=endpoint.secret)

    assert send(client, endpoint, {**paid, "id": "evt_other"}, signature=header).status_code == 400
    assert nothing_was_kept()


def test_it_refuses_two_megabytes_before_reading_them(client: Client, endpoint: WebhookEndpoint) -> None:
    assert send(client, endpoint, b'{"id": "' + b"x" * 2_000_000 + b'"}').status_code == 413
    assert nothing_was_kept()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b'"evt_1"',
        b"{}",
        b'{"id": "evt_1"}',
        b'{"id": 1, "type": "a", "livemode": false}',
        b'{"id": "evt_1", "type": "a"}',
        b'{"id": "evt_1", "type": "a", "livemode": true}',
        b'{"id": "evt_1", "type": "a", "livemode": 0}',
        b'{"id": "evt_1\x00", "type": "a", "livemode": false}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_it_refuses_a_signed_body_that_is_no_event_of_this_mode(
    client: Client, endpoint: WebhookEndpoint, body: bytes
) -> None:
    try:
        header = signed(body, secret=endpoint.secret)
    except UnicodeError:
        header = "t=1,v1=00"

    assert send(client, endpoint, body, signature=header).status_code == 400
    assert nothing_was_kept()


def test_it_takes_posts_only(client: Client, endpoint: WebhookEndpoint) -> None:
    assert client.get(path(endpoint)).status_code == 405
    assert client.put(path(endpoint), b"{}", content_type="application/json").status_code == 405


def test_it_knows_its_endpoints_only(client: Client, endpoint: WebhookEndpoint) -> None:
    endpoint.djstripe_uuid = uuid4()

    assert send(client, endpoint, {}).status_code == 404


@pytest.mark.parametrize(
    "extra",
    [
        {"HTTP_X_FORWARDED_FOR": "not-an-ip"},
        {"HTTP_X_DJSTRIPE_WEBHOOK_SECRET": "whsec_mine"},
        {"HTTP_USER_AGENT": "Stripe\x00/1.0"},
        {"CONTENT_TYPE": "application/json\x00"},
        {"CONTENT_TYPE": "application/json; charset=utf-16"},
        {"HTTP_COOKIE": "a=\x00", "REMOTE_ADDR": ""},
        {"HTTP_X_NUL": "a\x00b"},
    ],
)
def test_it_takes_an_event_in_whatever_else_the_request_says(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], extra: dict[str, str]
) -> None:
    assert send(client, endpoint, paid, **extra).status_code == 200
    assert set(WebhookEventTrigger.objects.get().headers) <= {
        *("Stripe-Signature", "User-Agent", "Host", "Content-Type", "Content-Length")
    }


def test_it_lets_no_header_replace_the_secret(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], settings: Any
) -> None:
    settings.DEBUG = True

    answer = send(client, endpoint, paid, secret="whsec_mine", HTTP_X_DJSTRIPE_WEBHOOK_SECRET="whsec_mine")

    assert answer.status_code == 400
    assert nothing_was_kept()


def test_it_takes_the_previous_secret_during_a_rotation(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], settings: Any
) -> None:
    settings.STRIPE_WEBHOOK_PREVIOUS_SECRETS = ["whsec_previous"]

    assert send(client, endpoint, paid, secret="whsec_previous").status_code == 200
    assert WebhookEventTrigger.objects.get().processed
    assert send(client, endpoint, paid, secret="whsec_older").status_code == 400


def test_it_refuses_everything_when_the_endpoint_has_no_secret(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any]
) -> None:
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(secret="")
    body = json.dumps(paid).encode()

    assert send(client, endpoint, body, signature=signed(body, secret="")).status_code == 400
    assert nothing_was_kept()


def test_it_quarantines_what_the_mirror_cannot_digest_and_still_follows_it_up(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], jobs: Any
) -> None:
    poison = {**paid, "api_version": "\u0000"}

    with jobs:
        answer = send(client, endpoint, poison)

    assert answer.status_code == 200
    kept = QuarantinedEvent.objects.get()
    assert (kept.stripe_id, kept.type) == (paid["id"], "checkout.session.completed")
    assert kept.quarantined_at is not None
    assert b"\\u0000" in bytes(kept.body)
    session_id = TopUp.objects.get().stripe_session_id
    assert jobs.sent == [("billing.fulfil_checkout", {"session_id": session_id})]


def test_it_quarantines_at_once_what_no_repetition_completes(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any]
) -> None:
    assert send(client, endpoint, {**paid, "data": None}).status_code == 200
    assert QuarantinedEvent.objects.get().quarantined_at is not None


def test_it_quarantines_an_event_of_the_other_api(client: Client, endpoint: WebhookEndpoint) -> None:
    event = {"id": "evt_v2", "object": "v2.core.event", "type": "v2.core.account.updated", "livemode": False}

    assert send(client, endpoint, event).status_code == 200
    assert QuarantinedEvent.objects.get().stripe_id == "evt_v2"


def test_it_asks_stripe_to_repeat_while_stripe_cannot_be_asked(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], stripe_standin: StripeStandin
) -> None:
    stripe_standin.post("/_sim/faults", kind="status", status=503, path="/v1/checkout/sessions/*", count=0)

    answers = [send(client, endpoint, paid).status_code for _ in range(6)]

    assert answers == [503, 503, 503, 503, 200, 200]
    kept = QuarantinedEvent.objects.get()
    assert kept.quarantined_at is not None
    assert not Event.objects.exists()


def test_it_heals_when_stripe_answers_again(
    client: Client, endpoint: WebhookEndpoint, paid: dict[str, Any], stripe_standin: StripeStandin
) -> None:
    stripe_standin.post("/_sim/faults", kind="status", status=503, path="/v1/checkout/sessions/*", count=3)

    answers = [send(client, endpoint, paid).status_code for _ in range(2)]

    assert answers == [503, 200]
    kept = QuarantinedEvent.objects.get()
    assert (kept.quarantined_at, kept.resolved_by) == (None, "taken in")
