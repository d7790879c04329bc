"""Who has a part of whose agent, as the pages of both show it."""

from dataclasses import dataclass

from marketplace.models import Agent, Collaboration, Creator


@dataclass(frozen=True, slots=True)
class Collaborator:
    """One who was asked for consent to a part of an agent."""

    name: str
    public_id: str
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """An agent of another creator that one was asked to have a part of."""

    agent_name: str
    agent_slug: str
    creator_name: str
    state: str


def collaborators_of(*, agent: Agent) -> list[Collaborator]:
    """List who was asked, first asked first."""
    asked = Collaboration.objects.filter(agent=agent).select_related("creator").order_by("id")
    return [
        Collaborator(each.creator.display_name, each.creator.public_id, each.state, each.get_state_display())
        for each in asked
    ]


def invitations_of(*, creator: Creator) -> list[Invitation]:
    """List what a creator was asked for and has not declined, newest first."""
    found = Collaboration.objects.filter(creator=creator).exclude(state=Collaboration.State.DECLINED)
    return [
        Invitation(each.agent.name, each.agent.slug, each.agent.creator.display_name, each.state)
        for each in found.select_related("agent__creator").order_by("-invited_at", "-id")
    ]
