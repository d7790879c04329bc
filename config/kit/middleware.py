"""The API's own way in, and its last net: whatever a view raises or leaves out becomes problem+json."""

from collections.abc import Callable
from typing import Any, Final

from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import ResolverMatch, resolve
from django.utils.log import log_response
from django.views.decorators.csrf import csrf_exempt
from django.views.defaults import page_not_found, permission_denied

from config.kit import http
from config.kit.errors import DomainError, ForbiddenError, NotFoundError

NUL: Final = "\x00"
NOTHING: Final = "There is nothing of that name."


class InternalError(DomainError):
    """Our bug: logged, never explained to the caller."""

    code = "internal_error"
    status = 500
    title = "Internal error"


class PlainViewsMiddleware:
    """Answer the API's plain views (accounts.plain_api) at once: no session, cookie, message or page is theirs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = _plain_view(request)
        if match is None:
            return self.get_response(request)
        request.resolver_match = match
        try:
            response = _call(request, match)
        except Exception as error:  # noqa: BLE001  (the last net: a bug is logged there)
            response = _refused(request, error)
        response.headers["Content-Length"] = str(len(response.content))
        return _with_rate(request, response)


class ProblemMiddleware:
    """Answer refusals in the manner of the path: problem+json for the API, a page elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return _with_rate(request, self.get_response(request))

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], _args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse the character NUL, which PostgreSQL's texts cannot hold, before a view looks it up."""
        if _names_nul(kwargs):
            return self.process_exception(request, NotFoundError(NOTHING))
        # An exempt view reads its own body: it is no form.
        if not getattr(view, "csrf_exempt", False) and _has_nul(request):
            return render(request, "400.html", {"reason": "A text holds the character NUL."}, status=400)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Give the answer for what a view raised; None leaves it to Django."""
        if request.path.startswith(http.API_PREFIXES):
            return _refused(request, error)
        match error:
            case NotFoundError():
                return page_not_found(request, error)
            case ForbiddenError():
                return permission_denied(request, error)
            case _:
                return None


@csrf_exempt  # a client without a cookie is told that there is nothing, whatever it sends
def unknown_endpoint(request: HttpRequest, **_: Any) -> HttpResponse:
    """Answer for every path under the API that no pattern names."""
    return http.problem(NotFoundError(f"There is no {request.path} here."))


def _plain_view(request: HttpRequest) -> ResolverMatch | None:
    if not request.path_info.startswith(http.API_PREFIXES):
        return None
    try:
        match = resolve(request.path_info)
    except Http404:
        return None
    return match if hasattr(match.func, "operation") else None


def _call(request: HttpRequest, match: ResolverMatch) -> HttpResponse:
    request.get_host()  # raises for a host that is not ours, as CommonMiddleware does
    if _names_nul(match.kwargs):
        raise NotFoundError(NOTHING)
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response


def _with_rate(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    rate = getattr(request, "rate", None)
    if rate is not None:
        for name, value in rate.headers().items():
            response.headers.setdefault(name, value)
    return response


def _refused(request: HttpRequest, error: Exception) -> HttpResponse:
    return http.problem(http.as_refusal(error) or _bug(request, error))


def _names_nul(kwargs: dict[str, Any]) -> bool:
    return any(NUL in str(value) for value in kwargs.values())


def _has_nul(request: HttpRequest) -> bool:
    return any(NUL in text for _, texts in request.POST.lists() for text in texts)


def _bug(request: HttpRequest, error: Exception) -> InternalError:
    # The signal lets the test client raise it and an error tracker see it, as Django's own handler would.
    got_request_exception.send(sender=None, request=request)
    log_response(
        "%s: %s",
        "Internal Server Error",
        request.path,
        response=HttpResponse(status=500),
        request=request,
        exception=error,
    )
    return InternalError()
