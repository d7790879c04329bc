"""Becoming a creator, and the list of a creator's agents."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.middleware import SignedInRequest
from config.kit import clock
from config.kit.errors import DomainError
from marketplace import creators, queries
from marketplace.defaults import creator_share_bp
from marketplace.forms import CreatorForm
from marketplace.models import Creator
from marketplace.price_text import percent

P = ParamSpec("P")


class CreatorRequest(SignedInRequest):
    """The request of a page for creators."""

    creator: Creator


def creators_only(
    view: Callable[Concatenate[CreatorRequest, P], HttpResponse],
) -> Callable[Concatenate[CreatorRequest, P], HttpResponse]:
    """Let signed-in creators in; send other customers to the page where they become one."""

    @login_required
    @wraps(view)
    def guarded(request: CreatorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        creator = queries.creator_of(customer=request.customer)
        if creator is None:
            return redirect("marketplace:become_creator")
        request.creator = creator
        return view(request, *args, **kwargs)

    return guarded


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def become_creator(request: SignedInRequest) -> HttpResponse:
    """Make the active customer a creator."""
    if queries.creator_of(customer=request.customer):
        return redirect("marketplace:creator_agents")
    form = CreatorForm(request.POST or None, initial={"display_name": request.customer.name})
    if request.method == "POST" and form.is_valid():
        try:
            creators.open_creator(
                customer=request.customer, display_name=form.cleaned_data["display_name"], now=clock.now()
            )
        except DomainError as refusal:
            form.add_error("display_name", refusal.detail)
        else:
            messages.success(request, "You are a creator now. Publish your first agent.")
            return redirect("marketplace:creator_agents")
    context = {"form": form, "share_percent": percent(creator_share_bp())}
    return render(request, "marketplace/creator/start.html", context, status=400 if form.errors else 200)


@creators_only
@require_safe
def agents(request: CreatorRequest) -> HttpResponse:
    """List the creator's agents, drafts too."""
    context = {
        "agents": queries.agents_of(creator=request.creator, now=clock.now()),
        "invitations": queries.invitations_of(creator=request.creator),
        "creator": request.creator,
    }
    return render(request, "marketplace/creator/agents.html", context)
