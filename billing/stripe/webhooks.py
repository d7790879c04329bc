"""The front door of `/stripe/webhook/<uuid>/`: nothing is kept or parsed before the signature is proven.

Behind it stands dj-stripe's own view, which keeps the inbox and the mirror. What it cannot digest is
quarantined: Stripe would send it again for three days, and switch the endpoint off in the end.
"""

import datetime as dt
import ipaddress
import json
import logging
from typing import Any, Final
from uuid import UUID

import stripe
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from djstripe.models import WebhookEndpoint
from djstripe.views import ProcessWebhookView
from psycopg.errors import CheckViolation, NotNullViolation

from billing.operations import quarantine
from billing.stripe import receivers
from billing.stripe.errors import Verdict, verdict
from config.kit import clock

logger = logging.getLogger(__name__)

BODY_BYTES_MAX: Final = 256_000
TOLERANCE: Final = dt.timedelta(seconds=300)
# dj-stripe stores every header, trusts the leftmost X-Forwarded-For, and lets one header replace the secret.
HEADERS_KEPT: Final = frozenset({"HTTP_STRIPE_SIGNATURE", "HTTP_USER_AGENT", "HTTP_HOST"})

process = ProcessWebhookView.as_view()


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@require_POST
def receive(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take in one event of Stripe's."""
    size = str(request.META.get("CONTENT_LENGTH") or "0")
    if not size.isdecimal() or int(size) > BODY_BYTES_MAX:
        return HttpResponse(status=413)
    endpoint = WebhookEndpoint.objects.filter(djstripe_uuid=uuid).first()
    if endpoint is None:
        return HttpResponse(status=404)
    secret = _proven_secret(request, endpoint)
    event = _event(request.body) if secret else None
    if secret is None or event is None or event.get("livemode") is not settings.STRIPE_LIVE_MODE:
        return HttpResponse(status=400)
    _sanitise(request, endpoint, secret)
    return _hand_on(request, uuid, event)


def _proven_secret(request: HttpRequest, endpoint: WebhookEndpoint) -> str | None:
    """Find the secret this body was signed with; during a rotation the previous one still counts."""
    header = request.META.get("HTTP_STRIPE_SIGNATURE", "")
    for secret in (endpoint.secret, *getattr(settings, "STRIPE_WEBHOOK_PREVIOUS_SECRETS", ())):
        try:
            stripe.WebhookSignature.verify_header(
                request.body, header, secret, int(TOLERANCE.total_seconds())
            )
        except (stripe.SignatureVerificationError, UnicodeError, TypeError):
            continue
        return secret if _is_not_from_the_future(header) else None
    return None


def _is_not_from_the_future(header: str) -> bool:
    # The SDK refuses what is stale; a signature dated far ahead would stay good for as long.
    dated = next(part for part in header.split(",") if part.startswith("t="))
    return int(dated[2:]) <= (dt.datetime.now(dt.UTC) + TOLERANCE).timestamp()


def _event(body: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    named = (
        isinstance(event, dict) and isinstance(event.get("id"), str) and isinstance(event.get("type"), str)
    )
    return event if named else None


def _sanitise(request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> None:
    for name in [name for name in request.META if name.startswith("HTTP_") and name not in HEADERS_KEPT]:
        del request.META[name]
    request.META["HTTP_USER_AGENT"] = request.META.get("HTTP_USER_AGENT", "").replace("\x00", "")
    # Whatever it calls itself: dj-stripe would decode the proven bytes by the charset it names.
    request.META["CONTENT_TYPE"], request.encoding = "application/json", "utf-8"
    request.META["REMOTE_ADDR"] = _address(request.META.get("REMOTE_ADDR", ""))
    if secret != endpoint.secret:
        # dj-stripe knows one secret only; the body is proven, so it is signed anew with that one.
        request.META["HTTP_STRIPE_SIGNATURE"] = stripe.WebhookSignature.generate_signature_header(
            request.body.decode(), endpoint.secret
        )
    request.__dict__.pop("headers", None)  # middleware may have read, and kept, the old ones


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return "0.0.0.0"  # noqa: S104  (an unknown address, to be stored; nothing listens on it)


def _hand_on(request: HttpRequest, uuid: UUID, event: dict[str, Any]) -> HttpResponse:
    try:
        answer: HttpResponse = process(request, uuid=uuid)
    except Exception as error:  # noqa: BLE001  (whatever a mirror makes of JSON it does not know)
        return _failed(request, event, error)
    quarantine.healed(stripe_id=event["id"], now=clock.now())
    return answer


def _failed(request: HttpRequest, event: dict[str, Any], error: Exception) -> HttpResponse:
    facts = {"stripe_id": event["id"][:120].replace("\x00", ""), "type": event["type"].replace("\x00", "")}
    reason = f"{type(error).__name__}: {error}".replace("\x00", "")
    now = clock.now()
    if _may_heal(error) and not quarantine.attempt(**facts, reason=reason, body=request.body, now=now):
        logger.warning("stripe.webhook_failed id=%s reason=%s", facts["stripe_id"], reason)
        return HttpResponse(status=503)
    quarantine.event(**facts, reason=reason, body=request.body, now=now)
    # The mirror is broken, the money is not: what follows from the event is ours and still happens.
    receivers.follow_up(event)
    return HttpResponse(status=200)


def _may_heal(error: Exception) -> bool:
    if isinstance(error, stripe.StripeError):
        return verdict(error) is Verdict.RETRY
    # A lost connection, a deadlock, two copies of one event at once: the next delivery finds it well. What lacks a
    # column that the mirror needs will lack it again.
    if isinstance(error, IntegrityError):
        return not isinstance(error.__cause__, NotNullViolation | CheckViolation)
    return isinstance(error, OperationalError | InterfaceError)
