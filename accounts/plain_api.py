"""The hot calls' way in: plain Django views with the key check, strict bodies and problem+json, without DRF.

    @api_view(kind="router", scope="usage:write", methods=["POST"], body=LogBody, answers={201: LogAnswer})
    def log(request: ApiRequest, *, body: LogBody) -> HttpResponse: ...

The view gets `request.principal` and, when `body` names a type, the parsed body; it returns `http.answer()` or
plain data for a 200, and raises DomainErrors. A view that `proves` may get a principal from memory: then
`request.unproven` is the key's digest, and the view's own statement judges it, or `prove(request)` does.
What is declared here (with `query`: the query parameters and what they do; with `reads`: the bodies of a view that
parses by itself, by media type where it takes several) is also what the OpenAPI schema shows.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.api_auth import admit, prove, recall
from accounts.principals import Principal
from config.kit import http
from config.kit.errors import DomainError
from config.kit.schema import JSON, Operation


class ApiRequest(HttpRequest):
    """A request whose key was checked."""

    principal: Principal
    unproven: bytes | None


def _act(request: ApiRequest, view: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    try:
        return view(request, **kwargs)
    except DomainError:
        # A key that opens no more is told that, whatever else is wrong.
        if request.unproven is not None:
            prove(request)
        raise


def api_view(
    *,
    kind: str | tuple[str, ...],
    scope: str,
    methods: list[str],
    body: Any = None,
    reads: tuple[Any, ...] | Mapping[str, tuple[Any, ...]] = (),
    answers: Mapping[int, Any] | None = None,
    query: Mapping[str, str] | None = None,
    summary: str = "",
    proves: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., HttpResponse]]:
    """Make a plain view of the API."""
    kinds = (kind,) if isinstance(kind, str) else kind
    read = (body,) if body is not None else reads

    def wrap(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
        def respond(request: ApiRequest, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                raise http.MethodNotAllowedError(allowed=methods)
            known = recall(request, kinds=kinds, scope=scope) if proves else None
            request.principal, request.unproven = known or (admit(request, kinds=kinds, scope=scope), None)
            if body is not None:
                kwargs["body"] = http.read_json(request, body)
            result = _act(request, view, kwargs)
            return result if isinstance(result, HttpResponse) else http.answer(result)

        @csrf_exempt  # keys, not cookies
        @wraps(view)
        def guarded(request: ApiRequest, **kwargs: Any) -> HttpResponse:
            try:
                return respond(request, **kwargs)
            except DomainError as error:
                return http.problem(error)

        guarded.operation = Operation(  # type: ignore[attr-defined]
            name=view.__name__,
            methods=tuple(methods),
            scope=scope,
            summary=summary or (view.__doc__ or "").partition("\n")[0],
            description=view.__doc__ or "",
            query=dict(query or {}),
            bodies=read if isinstance(read, Mapping) else {JSON: read} if read else {},
            answers=dict(answers or {}),
        )
        return guarded

    return wrap
