"""Register our webhook endpoints at Stripe, and the rows dj-stripe verifies them by."""

import logging
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.urls import reverse
from djstripe.models import WebhookEndpoint

from billing.stripe.client import client, secret_key
from billing.stripe.errors import StripeRefusedError, translated

logger = logging.getLogger(__name__)

# Only what something of ours follows: every other type costs dj-stripe calls and locks for nothing.
PLATFORM_EVENTS: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "transfer.created",
    "transfer.reversed",
    "transfer.updated",
)
CONNECT_EVENTS: Final = (
    "account.updated",
    "account.application.deauthorized",
    "capability.updated",
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook endpoint of ours, and what it hears."""

    name: str
    connect: bool
    events: tuple[str, ...]


ENDPOINTS: Final = (
    Endpoint("farebox platform", connect=False, events=PLATFORM_EVENTS),
    Endpoint("farebox connect", connect=True, events=CONNECT_EVENTS),
)


def register(*, base_url: str) -> list[str]:
    """Make both endpoints point at this deployment, and return their addresses."""
    return [_ensure(endpoint, base_url) for endpoint in ENDPOINTS]


def _ensure(endpoint: Endpoint, base_url: str) -> str:
    for row in WebhookEndpoint.objects.filter(livemode=settings.STRIPE_LIVE_MODE).exclude(secret=""):
        if _serves(row, endpoint, base_url) and _is_known(row.id):
            return str(row.url)
    return _create(endpoint, base_url)


def _serves(row: WebhookEndpoint, endpoint: Endpoint, base_url: str) -> bool:
    wanted = (endpoint.name, list(endpoint.events), settings.STRIPE_API_VERSION)
    found = (row.metadata or {}).get("farebox"), row.enabled_events, row.api_version
    return wanted == found and str(row.url).startswith(f"{base_url}/")


def _is_known(stripe_id: str) -> bool:
    try:
        with translated():
            client().v1.webhook_endpoints.retrieve(stripe_id)
    except StripeRefusedError:
        return False
    return True


def _create(endpoint: Endpoint, base_url: str) -> str:
    uuid = str(uuid4())
    url = base_url + reverse("billing:stripe_webhook", args=[uuid])
    # The SDK's types name each event and version as a literal; ours come from tables and settings.
    params: Any = {
        "url": url,
        "connect": endpoint.connect,
        "enabled_events": list(endpoint.events),
        "api_version": settings.STRIPE_API_VERSION,
        "description": endpoint.name,
        # dj-stripe finds its row by this; the secret is told only in this one answer.
        "metadata": {"djstripe_uuid": uuid, "farebox": endpoint.name},
    }
    with translated():
        created = client().v1.webhook_endpoints.create(
            params, {"idempotency_key": f"webhook-endpoint:{uuid}"}
        )
    WebhookEndpoint.sync_from_stripe_data(created.to_dict(), api_key=secret_key())
    logger.info("stripe.endpoint_registered url=%s connect=%s", url, endpoint.connect)
    return url
