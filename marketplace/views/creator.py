"""A creator's agents: list, write, price, publish."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.middleware import SignedInRequest
from config.kit import clock
from config.kit.errors import DomainError
from marketplace import creators, editor, hints, listings, queries, samples
from marketplace.defaults import creator_share_bp
from marketplace.forms import AgentForm, CreatorForm
from marketplace.listings import SlugFixedError, SlugTakenError
from marketplace.manifest import ManifestError, Problem
from marketplace.models import Agent, Creator
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
    listed = queries.agents_of(creator=request.creator, now=clock.now())
    return render(request, "marketplace/creator/agents.html", {"agents": listed})


@creators_only
@require_http_methods(["GET", "HEAD", "POST"])
def agent_new(request: CreatorRequest) -> HttpResponse:
    """Write a new agent, as a draft or published at once."""
    return _edit(request, None)


@creators_only
@require_http_methods(["GET", "HEAD", "POST"])
def agent_edit(request: CreatorRequest, slug: str) -> HttpResponse:
    """Change one of the creator's own agents."""
    agent = get_object_or_404(Agent.objects.select_related("plan"), slug=slug, creator=request.creator)
    if request.POST.get("action") == "unpublish":
        return _unpublish(request, agent)
    return _edit(request, agent)


def _edit(request: CreatorRequest, agent: Agent | None) -> HttpResponse:
    form = AgentForm(request.POST or None, initial=_initial(agent))
    problems: tuple[Problem, ...] = ()
    if request.method == "POST" and form.is_valid():
        try:
            return _save(request, agent, form)
        except ManifestError as refusal:
            problems = refusal.problems
        except (SlugTakenError, SlugFixedError) as refusal:
            form.add_error("slug", refusal.detail)
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
    context = _page(agent) | {"form": form, "agent": agent, "manifest_errors": problems}
    refused = bool(problems or form.errors)
    return render(request, "marketplace/creator/agent_edit.html", context, status=400 if refused else 200)


def _save(request: CreatorRequest, agent: Agent | None, form: AgentForm) -> HttpResponse:
    publish = request.POST.get("action") == "publish"
    saved = editor.save(
        creator=request.creator,
        agent=agent,
        listing=form.listing(),
        manifest=form.cleaned_data["manifest"],
        publish=publish,
        actor=_actor(request),
        now=clock.now(),
    )
    messages.success(request, f"{saved.name} is {'published' if publish else 'saved'}.")
    return redirect("marketplace:creator_agent_edit", slug=saved.slug)


def _unpublish(request: CreatorRequest, agent: Agent) -> HttpResponse:
    try:
        listings.unpublish(agent=agent, actor=_actor(request), now=clock.now())
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"{agent.name} takes no new runs.")
    return redirect("marketplace:creator_agent_edit", slug=agent.slug)


def _page(agent: Agent | None) -> dict[str, Any]:
    now = clock.now()
    return {
        "hints": hints.hints(),
        "share_percent": percent(_share_bp(agent)),
        "samples": samples.SAMPLES,
        "versions": queries.versions_of(agent=agent, now=now) if agent else [],
        "preview": queries.preview(agent=agent, now=now) if agent else None,
    }


def _share_bp(agent: Agent | None) -> int:
    own = agent.creator_share_bp if agent else None
    return creator_share_bp() if own is None else own


def _initial(agent: Agent | None) -> dict[str, Any]:
    if agent is None:
        return {"manifest": samples.PER_REQUEST}
    fields = ("name", "slug", "summary", "description", "category", "outcome_policy")
    return {name: getattr(agent, name) for name in fields} | {"manifest": agent.draft_manifest}


def _actor(request: CreatorRequest) -> str:
    return f"user:{request.user.public_id}"
