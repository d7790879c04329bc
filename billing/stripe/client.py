"""The one client of Stripe's: key, version, address, time-outs, retries."""

from functools import cache
from typing import Final

import stripe
from django.conf import settings

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 20
RETRIES: Final = 2


def client() -> stripe.StripeClient:
    """Give the client for this deployment's key and address."""
    # Tests of a slow Stripe cannot wait for twenty seconds.
    return _client(
        secret_key(), settings.STRIPE_API_BASE, getattr(settings, "STRIPE_READ_SECONDS", READ_SECONDS)
    )


def secret_key() -> str:
    """Give the secret key of the mode this deployment runs in."""
    key: str = (
        settings.STRIPE_LIVE_SECRET_KEY if settings.STRIPE_LIVE_MODE else settings.STRIPE_TEST_SECRET_KEY
    )
    return key


@cache
def _client(key: str, base: str, read_seconds: int) -> stripe.StripeClient:
    # The client ignores the module's api_base and does not retry unless told.
    return stripe.StripeClient(
        key,
        base_addresses={"api": base, "meter_events": base},
        stripe_version=settings.STRIPE_API_VERSION,
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, read_seconds)),
    )
