"""Collaborators: who may have a part of an agent besides its creator. They are asked first, and may say no."""

import datetime as dt
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from config.kit import mail
from config.kit.errors import ConflictError, InvalidInputError, NotFoundError
from marketplace.models import Agent, Collaboration, Creator

State = Collaboration.State
TELL_MAX: Final = 100


class CollaborationAnsweredError(ConflictError):
    """There is nothing to answer any more."""

    code = "collaboration_answered"
    title = "This invitation is answered"


def invite(*, agent: Agent, name: str, actor: str, now: dt.datetime) -> Collaboration:
    """Ask a creator, by short name or id, for consent to a part of an agent; who declined may be asked again.

    Raises NotFoundError, and InvalidInputError for the agent's own creator.
    """
    wanted = name.strip().replace("\x00", "")
    creator = Creator.objects.filter(Q(slug=wanted.lower()) | Q(public_id=wanted)).first()
    if creator is None or creator.is_platform:
        raise NotFoundError(
            f"There is no creator {wanted[:60]!r}. Ask for the short name or id on their page."
        )
    if creator.pk == agent.creator_id:
        raise InvalidInputError("You have your part already: collaborators are other creators.")
    with transaction.atomic():
        asked, new = Collaboration.objects.select_for_update().get_or_create(
            agent=agent, creator=creator, defaults={"invited_by": actor, "invited_at": now}
        )
        if not new and asked.state == State.DECLINED:
            asked.state, asked.answered_at, asked.answered_by = State.INVITED, None, ""
            asked.invited_by, asked.invited_at, asked.told_at = actor, now, None
            asked.save()
    return asked


def tell_invited(*, now: dt.datetime) -> int:
    """Mail those who were asked and not told; one that was sent and not noted is sent again. Return how many."""
    waiting = Collaboration.objects.filter(state=State.INVITED, told_at=None).order_by("pk")
    found = list(waiting.select_related("agent__creator", "creator__customer")[:TELL_MAX])
    for asked in found:
        mail.send(
            subject=f"{asked.agent.creator.display_name} asks whether you take a part of {asked.agent.name}",
            template="marketplace/mail/invitation.txt",
            context={"asked": asked, "url": settings.SITE_URL + reverse("marketplace:creator_agents")},
            to=[asked.creator.customer.email],
        )
        waiting.filter(pk=asked.pk).update(told_at=now)
    return len(found)


def answer(*, agent: Agent, creator: Creator, agrees: bool, actor: str, now: dt.datetime) -> None:
    """Agree or decline; who has agreed may leave later prices so. Raises NotFoundError, CollaborationAnsweredError."""
    mine = Collaboration.objects.filter(agent=agent, creator=creator)
    open_states = [State.INVITED] if agrees else [State.INVITED, State.AGREED]
    state = State.AGREED if agrees else State.DECLINED
    changed = mine.filter(state__in=open_states).update(state=state, answered_by=actor, answered_at=now)
    if changed:
        return
    if not mine.exists():
        raise NotFoundError("Nobody has asked you.")
    raise CollaborationAnsweredError("You have answered this already.")


def agreed(*, agent: Agent | None, creator: Creator) -> bool:
    """Tell whether a creator agreed to have a part of an agent."""
    found = Collaboration.objects.filter(creator=creator, state=State.AGREED)
    return agent is not None and found.filter(agent=agent).exists()
