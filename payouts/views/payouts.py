"""A creator's payouts: the list, one of them, when they are made, and a request to be paid now."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.kit import clock, paging
from config.kit.errors import DomainError, InvalidInputError
from marketplace.views.creator import CreatorRequest, creators_only
from payouts import statement_csv as statement_csv_text
from payouts.models import Payout
from payouts.operations import on_demand, statement_papers, terms
from payouts.queries import creator_pages, payout_pages, statement_pages, why
from wallets import money


@creators_only
@never_cache
@require_safe
def payouts(request: CreatorRequest) -> HttpResponse:
    """List the creator's payouts, newest first."""
    try:
        page = paging.page(request=request, rows=Payout.objects.filter(creator=request.creator))
    except InvalidInputError as refusal:
        return render(request, "400.html", {"reason": refusal.detail}, status=400)
    context = {
        "payouts": [payout_pages.row(payout=payout) for payout in page.rows],
        "page": {"previous_url": page.previous or "", "next_url": page.next or ""},
        "next_payout": creator_pages.next_payout(creator=request.creator, now=clock.now()),
        "terms": creator_pages.terms_shown(creator=request.creator),
        "why": why.not_paid(creator=request.creator, now=clock.now()),
    }
    return render(request, "payouts/creator/payouts.html", context)


@creators_only
@never_cache
@require_safe
def payout(request: CreatorRequest, public_id: str) -> HttpResponse:
    """Show one payout of the creator's own: its lines and history."""
    found = get_object_or_404(Payout, public_id=public_id, creator=request.creator)
    context = {
        "payout": payout_pages.row(payout=found),
        "statement": statement_pages.of(payout=found),
        "document": statement_pages.document(payout=found),
        "items": payout_pages.items(payout=found),
        "timeline": payout_pages.timeline(payout=found),
    }
    return render(request, "payouts/creator/payout.html", context)


@creators_only
@never_cache
@require_safe
def statement_csv(request: CreatorRequest, public_id: str) -> HttpResponse:
    """Download a payout's statement: every line of it, by agent and day."""
    found = get_object_or_404(Payout, public_id=public_id, creator=request.creator)
    name = f"statement-{found.last_day}.csv"
    return HttpResponse(
        statement_csv_text.write(
            items=payout_pages.items(payout=found), payout=payout_pages.row(payout=found)
        ),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@creators_only
@never_cache
@require_safe
def statement_live(request: CreatorRequest, public_id: str) -> HttpResponse:
    """Give the part of the page that renews itself while the PDF is drawn."""
    found = get_object_or_404(Payout, public_id=public_id, creator=request.creator)
    context = {"payout": payout_pages.row(payout=found), "document": statement_pages.document(payout=found)}
    return render(request, "payouts/creator/_statement_live.html", context)


@creators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def statement_pdf(request: CreatorRequest, public_id: str) -> HttpResponse:
    """Download the PDF of a statement, or (POST) have it drawn."""
    found = get_object_or_404(Payout, public_id=public_id, creator=request.creator)
    if request.method == "POST":
        statement_papers.ask(payout=found, now=clock.now())
        return redirect("payouts:payout", found.public_id)
    return HttpResponse(
        statement_pages.pdf(payout=found),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="statement-{found.last_day}.pdf"'},
    )


@creators_only
@never_cache
@require_safe
def verify(request: CreatorRequest, public_id: str) -> HttpResponse:
    """Recompute a payout's statement from the rows, and say whether it is what was sealed."""
    found = get_object_or_404(Payout, public_id=public_id, creator=request.creator)
    problems = statement_pages.verify(payout=found)
    if problems:
        messages.error(request, " ".join(problems))
    else:
        messages.success(request, "Recomputed from the ledger: the statement is what was sealed.")
    return redirect("payouts:payout", found.public_id)


@creators_only
@require_POST
def choose_terms(request: CreatorRequest) -> HttpResponse:
    """Set when the creator is paid, and from what amount on."""
    try:
        terms.choose(
            creator=request.creator,
            schedule=request.POST.get("schedule", ""),
            minimum_cents=_cents(request.POST.get("minimum", "")),
            actor=_actor(request),
            now=clock.now(),
        )
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "Saved. It holds from the next payout on.")
    return redirect("payouts:payouts")


@creators_only
@require_POST
def ask(request: CreatorRequest) -> HttpResponse:
    """Pay the creator what has matured, now."""
    try:
        found = on_demand.request(creator=request.creator, actor=_actor(request), now=clock.now())
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("payouts:payouts")
    return redirect("payouts:payout", found.public_id)


def _cents(text: str) -> int:
    return money.parse_cents(text.strip(), field="minimum") if text.strip() else 0


def _actor(request: CreatorRequest) -> str:
    return f"creator:{request.user.get_username()}"[:80]
