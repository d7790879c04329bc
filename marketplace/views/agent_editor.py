"""Writing an agent: its listing, its price as a form or as YAML, and what a new version would change."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from config.kit import clock
from config.kit.errors import DomainError
from marketplace import editor, listings, price_editor, proposals, queries
from marketplace.defaults import creator_share_bp
from marketplace.forms import AgentForm, StartForm
from marketplace.listings import SlugFixedError, SlugTakenError
from marketplace.manifest import ManifestError
from marketplace.models import Agent
from marketplace.price_editor import Desk, hints, samples
from marketplace.price_editor.layout import pricing_form
from marketplace.price_editor.rows import EARNING_LABELS, METRIC_IDEAS, MODEL_HINTS, MODEL_LABELS
from marketplace.price_text import on_top_rule, percent
from marketplace.views.creator import CreatorRequest, creators_only

PAGE: Final = "marketplace/creator/agent_edit.html"
PRICING: Final = "marketplace/creator/_pricing.html"
EXAMPLE: Final = ("usage-", "stated-", "example-model")
REVIEW: Final = "marketplace/creator/price_review.html"


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
    if request.method != "POST":
        desk = price_editor.opened(text=_text(agent))
        return _page(request, agent, AgentForm(initial=_initial(agent)), desk)
    desk = price_editor.typed(data=request.POST)
    if "step" in request.POST:
        return _step(request, agent, desk)
    return _act(request, agent, AgentForm(request.POST), desk)


def _act(request: CreatorRequest, agent: Agent | None, form: AgentForm, desk: Desk) -> HttpResponse:
    start = StartForm(request.POST)
    desk = _judged(request, agent, desk)
    if not form.is_valid() or desk.problems:
        return _page(request, agent, form, desk)
    try:
        if request.POST.get("action") == "review" or not start.is_valid():
            return _review(request, agent, form, start, desk)
        return _save(request, agent, form, start, desk)
    except (SlugTakenError, SlugFixedError) as refusal:
        form.add_error("slug", refusal.detail)
    except DomainError as refusal:
        form.add_error(None, refusal.detail)
    return _page(request, agent, form, desk)


def _step(request: CreatorRequest, agent: Agent | None, desk: Desk) -> HttpResponse:
    """Answer a button of the editor: with the editor alone where htmx asks."""

    def earlier(number: str) -> str:
        return queries.manifest_of(agent=agent, number=number) if agent else ""

    desk = price_editor.take(desk=desk, step=request.POST["step"], earlier=earlier)
    if request.headers.get("HX-Request"):
        return render(request, PRICING, _pricing(agent, desk))
    context = _context(agent, AgentForm(request.POST), desk) | {"tried": _tried(request)}
    return render(request, PAGE, context)


def _judged(request: CreatorRequest, agent: Agent | None, desk: Desk) -> Desk:
    """Note what keeps a desk from being published; to be saved, only a form has to make a manifest."""
    try:
        manifest = price_editor.written(desk=desk)
        if request.POST.get("action") in ("publish", "review"):
            _propose(request, agent, manifest)
    except ManifestError as refusal:
        return Desk(desk.text, desk.document, refusal.problems)
    return desk


def _propose(request: CreatorRequest, agent: Agent | None, manifest: str) -> proposals.Proposal:
    return proposals.propose(creator=request.creator, agent=agent, manifest=manifest)


def _save(
    request: CreatorRequest, agent: Agent | None, form: AgentForm, start: StartForm, desk: Desk
) -> HttpResponse:
    publish = request.POST.get("action") == "publish"
    saved = editor.save(
        creator=request.creator,
        agent=agent,
        listing=form.listing(),
        manifest=price_editor.written(desk=desk),
        publish=publish,
        actor=_actor(request),
        now=clock.now(),
        effective_from=start.cleaned_data["effective_from"],
    )
    messages.success(request, f"{saved.name} is {'published' if publish else 'saved'}.")
    return redirect("marketplace:creator_agent_edit", slug=saved.slug)


def _review(
    request: CreatorRequest, agent: Agent | None, form: AgentForm, start: StartForm, desk: Desk
) -> HttpResponse:
    """Show what a new version would change, before there is one."""
    now = clock.now()
    manifest = price_editor.written(desk=desk)
    proposal = _propose(request, agent, manifest)
    after = proposals.terms(proposal=proposal, creator=request.creator, agent=agent, now=now)
    before = queries.in_force(agents=[agent.slug], at=now).get(agent.slug) if agent else None
    last = queries.last_version(agent=agent) if agent else None
    context = {
        "form": form,
        "agent": agent,
        "view": desk.view,
        "manifest": manifest,
        "before": before,
        "changes": queries.changes(before=before, after=after),
        "number": last.number + 1 if last else 1,
        "waiting": last if last and last.effective_from > now else None,
        "unchanged": last is not None and last.manifest == manifest,
        "start": start if last else None,
        "tried": _tried(request),
    }
    return render(request, REVIEW, context, status=400 if start.errors else 200)


def _unpublish(request: CreatorRequest, agent: Agent) -> HttpResponse:
    try:
        listings.unpublish(agent=agent, actor=_actor(request), now=clock.now())
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"{agent.name} takes no new runs.")
    return redirect("marketplace:creator_agent_edit", slug=agent.slug)


def _page(request: CreatorRequest, agent: Agent | None, form: AgentForm, desk: Desk) -> HttpResponse:
    refused = request.method == "POST" and (form.errors or desk.problems)
    context = _context(agent, form, desk) | {"tried": _tried(request)}
    return render(request, PAGE, context, status=400 if refused else 200)


def _context(agent: Agent | None, form: AgentForm, desk: Desk) -> dict[str, Any]:
    now = clock.now()
    return _pricing(agent, desk) | {
        "form": form,
        "hints": hints.hints(),
        "share_percent": percent(agent.allowed_bp if agent else creator_share_bp()),
        "versions": queries.versions_of(agent=agent, now=now) if agent else [],
        "collaborators": queries.collaborators_of(agent=agent) if agent else [],
        "preview": queries.preview(agent=agent, now=now) if agent else None,
    }


def _pricing(agent: Agent | None, desk: Desk) -> dict[str, Any]:
    return {
        "agent": agent,
        "view": desk.view,
        "manifest": desk.text,
        "manifest_errors": desk.problems if desk.document is None else (),
        "pricing": pricing_form(desk=desk, document=desk.document) if desk.document else None,
        "focus": desk.focus,
        "samples": samples.SAMPLES,
        "price_models": [(model.value, label, MODEL_HINTS[model]) for model, label in MODEL_LABELS.items()],
        "metric_ideas": METRIC_IDEAS,
        "earnings": EARNING_LABELS,
        "on_top_rule": on_top_rule(),
    }


def _tried(request: CreatorRequest) -> list[tuple[str, str]]:
    """Carry along what was typed into the live example."""
    return [(name, request.POST[name]) for name in request.POST if name.startswith(EXAMPLE)]


def _text(agent: Agent | None) -> str:
    return samples.PER_REQUEST if agent is None else agent.draft_manifest


def _initial(agent: Agent | None) -> dict[str, Any]:
    fields = ("name", "slug", "summary", "description", "category", "outcome_policy")
    return {name: getattr(agent, name) for name in fields} if agent else {}


def _actor(request: CreatorRequest) -> str:
    return f"user:{request.user.public_id}"
