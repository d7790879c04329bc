"""`/_sim/...`: what a test or an operator does to the world. JSON in and out, loopback only, no key."""

import ipaddress
import json
from typing import Any

from config.devservices.stripe.controls import payments, time, world
from config.devservices.stripe.controls.table import CONTROLS
from config.devservices.stripe.errors import Json, StripeError, unknown_url
from config.devservices.stripe.events import public
from config.devservices.stripe.forms import parse
from config.devservices.stripe.http import Request, Response, as_json, redirect
from config.devservices.stripe.scope import Scope
from config.devservices.stripe.ticker import run_due

__all__ = ["handle", "payments", "time", "world"]


def handle(scope: Scope, request: Request) -> Response:
    """Run a control in one transaction, then whatever has become due."""
    from_page = "text/html" in request.headers.get("accept", "")
    try:
        _check_loopback(request.client)
        body = _body(request, from_page=from_page)
        with scope.store.transaction():
            answer, error = _run(scope, request, body)
            run_due(scope)
    except StripeError as refusal:
        return as_json(refusal.body, status=refusal.status)
    if error:
        return as_json(error.body, status=error.status)
    return redirect("/") if from_page else as_json(public(answer))


def _check_loopback(client: str) -> None:
    if not ipaddress.ip_address(client).is_loopback:
        raise StripeError("Controls answer on the loopback only.", status=403)


def _run(scope: Scope, request: Request, body: Json) -> tuple[Any, StripeError | None]:
    for method, pattern, control in CONTROLS:
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            try:
                return control(scope, body, **match.groupdict()), None
            except StripeError as error:
                if not error.executed:
                    raise
                return None, error
    raise unknown_url(request.method, request.path)


def _body(request: Request, *, from_page: bool) -> Json:
    try:
        text = request.body.decode()
        body = parse(text) if from_page else json.loads(text or "{}")
    except ValueError as error:
        raise StripeError("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise StripeError("The body is not a JSON object.")
    return body
