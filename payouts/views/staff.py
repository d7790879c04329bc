"""The staff's own pages inside the admin: one customer, one creator, the search."""

from collections.abc import Callable
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe
from unfold.dataclasses import SearchResult

from accounts import audit, impersonation
from accounts.models import Customer, StaffNote
from config.kit import clock
from marketplace.models import Creator
from payouts.queries.staff import creators, customers, finding
from payouts.queries.staff.found import creator_url, customer_url

NOTE_MAX: Final = 2_000
View = Callable[..., HttpResponse]


def staff_page(*permissions: str) -> Callable[[View], View]:
    """Let in the staff that has these permissions, as the admin does: others sign in, or are refused."""

    def decorate(view: View) -> View:
        def allowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not all(map(request.user.has_perm, permissions)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return cast("View", admin.site.admin_view(allowed))

    return decorate


@staff_page("accounts.view_customer", "wallets.view_wallet")
@require_safe
def customer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a customer: money, payments, runs, plans, notes, audit."""
    found = get_object_or_404(Customer, public_id=public_id)
    page = customers.page(customer=found, asked=request.GET.dict())
    may = request.user.has_perm(impersonation.PERMISSION)
    return _shown(request, "customer.html", str(found.name), page=page, may_impersonate=may)


@staff_page("marketplace.view_creator", "payouts.view_payout")
@require_safe
def creator(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a creator: earnings, wallets, payouts, account, agents, notes, audit."""
    found = get_object_or_404(Creator.objects.select_related("customer"), public_id=public_id)
    page = creators.page(creator=found, asked=request.GET.dict(), now=clock.now())
    may = request.user.has_perm("payouts.set_tier")
    return _shown(request, "creator.html", found.display_name, page=page, may_move=may)


@staff_page("accounts.view_customer")
@require_POST
def note(request: HttpRequest, public_id: str) -> HttpResponseRedirect:
    """Write a note about a customer, for other staff."""
    found = get_object_or_404(Customer, public_id=public_id)
    text = request.POST.get("text", "").strip()
    by, now = audit.staff(request=request), clock.now()
    if not text or len(text) > NOTE_MAX:
        messages.error(request, f"A note has 1 to {NOTE_MAX} characters.")
    else:
        with transaction.atomic():
            StaffNote.objects.create(customer=found, author=by.user, text=text, created_at=now)
            audit.record(
                actor=by.actor,
                act="customer.note",
                object_id=found.public_id,
                reason=text,
                address=by.address,
                now=now,
            )
        messages.success(request, "Noted.")
    back = Creator.objects.filter(customer=found, public_id=request.POST.get("creator", "")).first()
    return redirect(creator_url(back) if back else customer_url(found))


@staff_page()
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Find anything; what matches one thing only leads to it at once."""
    text = request.GET.get("q", "")
    found = finding.find(text=text, may=request.user.has_perm)
    return _shown(request, "find.html", "Find", text=text, found=found)


def command_search(request: HttpRequest, _lowered: str) -> list[SearchResult]:
    """Answer the admin's command box (Ctrl K). Stripe's ids have capitals, so the text is read as it was typed."""
    return [
        SearchResult(title=one.title, description=f"{one.kind} · {one.detail}", link=one.url, icon="search")
        for one in finding.find(text=request.GET.get("s", ""), may=request.user.has_perm)
    ]


def _shown(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request,
        f"admin/staff/{template}",
        {**admin.site.each_context(request), "title": title, **context},
    )
