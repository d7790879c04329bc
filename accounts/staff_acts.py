"""Write down what staff do in the admin, all of it, whichever app's page it was done on."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.apps import apps
from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db.models import Max, Model
from django.http import HttpRequest, HttpResponse

from accounts import audit
from config.kit import clock

DONE: Final = {ADDITION: "add", CHANGE: "change", DELETION: "delete"}
# Pages of the admin that do nothing to anything.
NOT_ACTS: Final = frozenset({"login", "logout", "jsi18n", "autocomplete", "view_on_site"})
SELECTED_MAX: Final = 1_000


class StaffActsMiddleware:
    """Audit every POST to the admin that was carried out, unless its operation has done so itself.

    An operation that moves money writes its entry in its own transaction; for all others, those of apps to come
    included, this is the one place. Carried out is what led on without a message of an error.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not request.path_info.startswith("/admin/"):
            return self.get_response(request)
        entries, logged = audit.written(), _last_logged(request)
        with audit.asked_from(audit.address_of(request=request)):
            response = self.get_response(request)
        if audit.written() == entries and _carried_out(request, response):
            by = audit.staff(request=request)
            for act, object_id, reason in _acts(request, logged):
                audit.record(
                    actor=by.actor,
                    act=act,
                    object_id=object_id,
                    reason=reason,
                    address=by.address,
                    now=clock.now(),
                )
        return response


def _carried_out(request: HttpRequest, response: HttpResponse) -> bool:
    match = request.resolver_match
    if match is None or match.app_name != "admin" or match.url_name in NOT_ACTS:
        return False
    if response.status_code != 302 or not request.user.is_staff:
        return False
    said = messages.get_messages(request)
    # Reading them through the iterator would use them up.
    return all(message.level < messages.ERROR for message in getattr(said, "_queued_messages", []))


def _acts(request: HttpRequest, logged: int) -> Iterable[tuple[str, str, str]]:
    """Tell what was done to what: by Django's own log where a form was saved, else by the page's name."""
    noted = LogEntry.objects.filter(user=request.user.pk, pk__gt=logged).select_related("content_type")
    return [_by_form(entry) for entry in noted.order_by("pk")] or _by_page(request)


def _by_form(entry: LogEntry) -> tuple[str, str, str]:
    kind = entry.content_type
    found = _public_ids(kind.model_class() if kind else None, [entry.object_id])
    act = f"{kind.model if kind else 'object'}.{DONE[entry.action_flag]}"
    return act, "".join(found) or str(entry.object_id), entry.get_change_message() or entry.object_repr


def _by_page(request: HttpRequest) -> Iterable[tuple[str, str, str]]:
    match = request.resolver_match
    assert match is not None
    app, name, page = [*(match.url_name or "").split("_", 2), "", ""][:3]
    model, reason = _model(app, name), request.POST.get("reason", "")
    if model is None:
        return [(str(match.url_name), "", reason)]
    if page != "changelist":
        chosen = match.kwargs.get("object_id")
        if chosen is None:
            return [(f"{name}.{page}", "", reason)]
        # A page of something that is not there leads away too.
        return [(f"{name}.{page}", found, reason) for found in _public_ids(model, [chosen])]
    act = f"{name}.{request.POST.get('action', '')}"
    if request.POST.get("select_across") == "1":
        return [(act, "", reason)]
    keys = request.POST.getlist("_selected_action")[:SELECTED_MAX]
    return [(act, found, reason) for found in _public_ids(model, keys)]


def _model(app: str, name: str) -> type[Model] | None:
    try:
        return apps.get_model(app, name)
    except LookupError:
        return None


def _public_ids(model: type[Model] | None, keys: Iterable[Any]) -> list[str]:
    """Name the rows that are there as the outside knows them: by their public ids, where they have one."""
    if model is None:
        return []
    whole = [key for key in keys if str(key).isascii() and str(key).isdigit()]
    rows = model._default_manager.filter(pk__in=whole)  # noqa: SLF001  (the model is only known by name)
    return [str(getattr(row, "public_id", row.pk)) for row in rows]


def _last_logged(request: HttpRequest) -> int:
    if not request.user.is_authenticated:
        return 0
    last: int | None = LogEntry.objects.filter(user=request.user.pk).aggregate(last=Max("pk"))["last"]
    return last or 0
