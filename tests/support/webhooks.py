"""Webhooks as Stripe sends them: the stand-in's own events, signed with our endpoint's secret."""

import json
import time
from typing import Any, Final

import stripe
from django.test import Client
from django.urls import reverse
from djstripe.models import WebhookEndpoint

from billing.stripe import endpoints
from billing.stripe.client import client as stripe_client

BASE_URL: Final = "http://testserver"


def register() -> WebhookEndpoint:
    """Register our endpoints at the stand-in; return the platform's."""
    endpoints.register(base_url=BASE_URL)
    return WebhookEndpoint.objects.get(metadata__farebox="farebox platform")


def event_of(type: str) -> dict[str, Any]:  # noqa: A002
    """Give the newest event of a type, as it would be sent."""
    events = stripe_client().v1.events.list({"type": type}).data
    return dict(events[0].to_dict())


def path(endpoint: WebhookEndpoint) -> str:
    """Give where its events arrive."""
    return reverse("billing:stripe_webhook", args=[endpoint.djstripe_uuid])


def signed(body: bytes, *, secret: str, at: int | None = None) -> str:
    """Sign a body."""
    text = body.decode("utf-8", "surrogateescape")
    return str(stripe.WebhookSignature.generate_signature_header(text, secret, at or int(time.time())))


def send(
    client: Client,
    endpoint: WebhookEndpoint,
    event: dict[str, Any] | bytes,
    *,
    secret: str = "",
    **extra: Any,
) -> Any:
    """Deliver an event; `extra` are further parts of the WSGI environment."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    header = extra.pop("signature", None) or signed(body, secret=secret or endpoint.secret)
    extra = {"HTTP_STRIPE_SIGNATURE": header, **extra}
    return client.post(path(endpoint), body, content_type="application/json", **extra)
