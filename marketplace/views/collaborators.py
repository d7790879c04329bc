"""Asking other creators to have a part of an agent, and answering when one was asked."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from config.kit import clock
from config.kit.errors import DomainError
from marketplace import collaborators
from marketplace.models import Agent
from marketplace.views.creator import CreatorRequest, creators_only


@creators_only
@require_POST
def collaborator_invite(request: CreatorRequest, slug: str) -> HttpResponse:
    """Ask a creator for consent."""
    agent = get_object_or_404(Agent, slug=slug, creator=request.creator)
    name = request.POST.get("name", "")
    try:
        asked = collaborators.invite(agent=agent, name=name, actor=_actor(request), now=clock.now())
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"{asked.creator} is asked. A price may name them once they agree.")
    return redirect("marketplace:creator_agent_edit", slug=slug)


@creators_only
@require_POST
def collaboration_answer(request: CreatorRequest, slug: str) -> HttpResponse:
    """Agree or decline."""
    agent = get_object_or_404(Agent, slug=slug, collaborations__creator=request.creator)
    agrees = request.POST.get("answer") == "agree"
    try:
        collaborators.answer(
            agent=agent, creator=request.creator, agrees=agrees, actor=_actor(request), now=clock.now()
        )
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        done = "may name you in its prices now" if agrees else "will not name you in a new price"
        messages.success(request, f"{agent.name} {done}.")
    return redirect("marketplace:creator_agents")


def _actor(request: CreatorRequest) -> str:
    return f"user:{request.user.public_id}"
