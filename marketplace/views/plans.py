"""The page of the platform's plans: anybody may look; subscribing is billing's."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.kit import clock
from marketplace.queries.plan_pages import plan_groups


@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """Show every plan, side by side."""
    return render(request, "marketplace/plans.html", {"groups": plan_groups(at=clock.now())})
