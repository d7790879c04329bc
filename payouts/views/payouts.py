"""A creator's payouts."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.kit import clock, paging
from config.kit.errors import InvalidInputError
from marketplace.views.creator import CreatorRequest, creators_only
from payouts.models import Payout
from payouts.operations import runs
from payouts.queries import creator_pages, payout_pages


@creators_only
@never_cache
@require_safe
def payouts(request: CreatorRequest) -> HttpResponse:
    """List the creator's payouts, newest first."""
    try:
        page = paging.page(request=request, rows=Payout.objects.filter(creator=request.creator))
    except InvalidInputError as refusal:
        return render(request, "400.html", {"reason": refusal.detail}, status=400)
    minimum_cents = runs.minimum_cents()
    context = {
        "payouts": [payout_pages.row(payout=payout) for payout in page.rows],
        "page": {"previous_url": page.previous or "", "next_url": page.next or ""},
        "next_payout": creator_pages.next_payout(
            creator=request.creator, minimum_cents=minimum_cents, now=clock.now()
        ),
        "minimum_cents": minimum_cents,
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
        "items": payout_pages.items(payout=found),
        "timeline": payout_pages.timeline(payout=found),
    }
    return render(request, "payouts/creator/payout.html", context)
