"""The way of a request: key, faults, idempotency, one transaction, an answer."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from config.devservices.stripe import controls, expansion, faults, idempotency, ids, pages, resources, routing
from config.devservices.stripe.authentication import authenticate
from config.devservices.stripe.errors import Json, StripeError, server_fault, unreachable_account
from config.devservices.stripe.forms import Form, Params, parse
from config.devservices.stripe.http import Request, Response, as_json
from config.devservices.stripe.scope import Scope
from config.devservices.stripe.store import Store

BODY_MAX: Final = 1_000_000
Check = Callable[[str, str, Form], list[str]]
Observe = Callable[[str, str, Json], None]


@dataclass
class Application:
    """The stand-in without its sockets.

    Tests may set `check`, which names what is wrong with a request, and `observe`, which sees every answer.
    """

    store: Store
    base_url: str
    check: Check | None = None
    observe: Observe | None = None

    def __post_init__(self) -> None:
        self.in_flight = idempotency.InFlight()
        resources.load()

    def handle(self, request: Request) -> Response:
        """Answer any request."""
        if request.path.startswith("/_sim"):
            return controls.handle(self.scope(request), request)
        if not request.path.startswith(("/v1/", "/v2/")):
            return pages.handle(self.scope(request), request)
        return self._answer(request)

    def scope(self, request: Request) -> Scope:
        """Return the scope of a request, as the platform."""
        return Scope(
            store=self.store,
            base_url=self.base_url,
            method=request.method,
            path=request.path,
            request_id=ids.new("req"),
            idempotency_key=request.headers.get("idempotency-key") if request.method == "POST" else None,
        )

    def _answer(self, request: Request) -> Response:
        scope = self.scope(request)
        headers = {
            "Request-Id": scope.request_id or "",
            "Stripe-Version": request.headers.get("stripe-version", ids.API_VERSION),
        }
        if scope.idempotency_key:
            headers["Idempotency-Key"] = scope.idempotency_key
        try:
            authenticate(request.headers)
            bent = self._faults(request)
            early = next(
                (fault for fault in bent if fault["kind"] in ("error_before", "status", "drop_before")), None
            )
            if early:
                return _broken(early, headers)
            status, body, replayed = self._execute(request, scope, bent)
        except StripeError as error:
            return as_json(_named(error.body, scope), status=error.status, headers=headers)
        except Exception as error:  # noqa: BLE001 (a broken handler answers 500, like a server)
            traceback.print_exc()
            return as_json(server_fault(f"{type(error).__name__}").body, status=500, headers=headers)
        late = next((fault for fault in bent if fault["kind"] in ("error_after", "drop_after")), None)
        if late:
            return _broken(late, headers)
        if self.observe:
            self.observe(request.method, request.path, body)
        if replayed:
            headers |= {"Idempotent-Replayed": "true", "Original-Request": replayed}
        return as_json(body, status=status, headers=headers)

    def _faults(self, request: Request) -> list[Json]:
        if not self.store.rows("SELECT 1 FROM faults LIMIT 1"):
            return []
        with self.store.transaction():
            return faults.take_for_request(self.store, method=request.method, path=request.path)

    def _execute(self, request: Request, scope: Scope, bent: list[Json]) -> tuple[int, Json, str]:
        if len(request.body) > BODY_MAX:
            raise StripeError("Request body is too large.", status=413)
        found, path_ids = routing.resolve(request.method, request.path)
        form = _form(request)
        scope = self._as_account(scope, request.headers.get("stripe-account"))
        call = _Call(found, path_ids, form, scope, bent)
        key = scope.idempotency_key
        if key is None:
            return self._run(call)
        idempotency.check_key(key)
        self.in_flight.enter(scope.account, key)
        try:
            return self._run(call)
        finally:
            self.in_flight.leave(scope.account, key)

    def _as_account(self, scope: Scope, account: str | None) -> Scope:
        if account is None or account == ids.PLATFORM:
            return scope
        known = self.store.find(account)
        if known is None or known.get("deleted"):
            raise unreachable_account(account)
        return scope.acting_as(account)

    def _run(self, call: "_Call") -> tuple[int, Json, str]:
        _wait(call.bent)
        print = idempotency.fingerprint(method=call.scope.method, path=call.scope.path, form=call.form)
        with self.store.transaction():
            key = call.scope.idempotency_key
            stored = idempotency.recall(call.scope, key=key, print=print) if key else None
            if stored:
                return stored
            status, body = self._outcome(call)
            if key:
                idempotency.remember(call.scope, key=key, print=print, status=status, body=body)
        return status, body, ""

    def _outcome(self, call: "_Call") -> tuple[int, Json]:
        params = Params(call.form)
        params.refuse_unknown(call.route.accepts)
        if self.check and (problems := self.check(call.scope.method, call.scope.path, call.form)):
            raise StripeError(f"Invalid request: {'; '.join(problems)}", code="parameter_unknown")
        try:
            body = call.route.handler(call.scope, params, **call.ids)
        except StripeError as error:
            if not error.executed:
                raise
            return error.status, _named(error.body, call.scope)
        if sticky := _sticky(call.bent):
            return int(sticky.get("status", 500)), server_fault().body
        return 200, expansion.apply(call.scope, body, params)


@dataclass(frozen=True)
class _Call:
    route: routing.Route
    ids: dict[str, str]
    form: Form
    scope: Scope
    bent: list[Json]


def _form(request: Request) -> Form:
    try:
        return parse(request.query if request.method in ("GET", "DELETE") else request.body.decode())
    except UnicodeDecodeError as error:
        raise StripeError("Invalid request: the body is not UTF-8.") from error


def _named(body: Json, scope: Scope) -> Json:
    return {"error": {**body["error"], "request_log_url": f"{scope.base_url}/#{scope.request_id}"}}


def _wait(bent: list[Json]) -> None:
    for fault in bent:
        if fault["kind"] == "delay":
            time.sleep(int(fault.get("ms", 1000)) / 1000)


def _sticky(bent: list[Json]) -> Json | None:
    return next((fault for fault in bent if fault["kind"] == "error_after" and fault.get("sticky")), None)


def _broken(fault: Json, headers: dict[str, str]) -> Response:
    if fault["kind"].startswith("drop"):
        return Response(dropped=True)
    status = int(fault.get("status", 500))
    kind = "rate_limit" if status == 429 else "api_error"
    error = StripeError(
        "A scripted fault.", status=status, type=fault.get("type", kind), code=fault.get("code")
    )
    return as_json(error.body, status=status, headers=headers)
