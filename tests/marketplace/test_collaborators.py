"""Collaborators: asked by short name, they agree or decline on their own page; prices name those who agreed."""

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from config.kit.errors import InvalidInputError, NotFoundError
from marketplace import collaborators
from marketplace.collaborators import CollaborationAnsweredError
from marketplace.models import Agent, Collaboration, Creator
from tests.support.market import draft, open_creator
from tests.support.people import MONDAY, sign_up

pytestmark = pytest.mark.django_db


def creator(name: str) -> tuple[Client, Creator]:
    """Sign in a creator."""
    client = Client()
    user, customer = sign_up(name)
    client.force_login(user)
    return client, open_creator(name, customer=customer)


def ask(agent: Agent, name: str) -> Collaboration:
    return collaborators.invite(agent=agent, name=name, actor="user:alice", now=MONDAY)


def answer(agent: Agent, who: Creator, *, agrees: bool) -> None:
    collaborators.answer(agent=agent, creator=who, agrees=agrees, actor="user:carol", now=MONDAY)


def test_who_is_asked_agrees_on_its_own_page_and_may_leave() -> None:
    hers, alice = creator("alice")
    theirs, carol = creator("carol")
    agent = draft("echo", creator=alice)
    page = reverse("marketplace:creator_agents")

    asked = hers.post(reverse("marketplace:collaborator_invite", args=["echo"]), {"name": " Carol "})
    assert asked.status_code == 302
    assert "Alice asks whether you take a part" in theirs.get(page).content.decode()
    theirs.post(reverse("marketplace:collaboration_answer", args=["echo"]), {"answer": "agree"})

    assert collaborators.agreed(agent=agent, creator=carol)
    editor = hers.get(reverse("marketplace:creator_agent_edit", args=["echo"])).content.decode()
    assert "Agreed" in editor
    assert carol.public_id in editor

    theirs.post(reverse("marketplace:collaboration_answer", args=["echo"]), {"answer": "decline"})
    assert not collaborators.agreed(agent=agent, creator=carol)
    assert ask(agent, "carol").state == Collaboration.State.INVITED


def test_who_is_asked_is_told_once_by_mail_and_again_when_asked_again(
    mailoutbox: list[EmailMessage],
) -> None:
    (_, alice), (_, carol) = creator("alice"), creator("carol")
    agent = draft("echo", creator=alice)
    ask(agent, "carol")

    assert [collaborators.tell_invited(now=MONDAY) for _ in range(2)] == [1, 0]
    (told,) = mailoutbox
    assert (told.to, told.subject) == (
        [carol.customer.email],
        f"Alice asks whether you take a part of {agent.name}",
    )
    assert reverse("marketplace:creator_agents") in told.body
    answer(agent, carol, agrees=False)
    ask(agent, "carol")
    assert collaborators.tell_invited(now=MONDAY) == 1


def test_a_stranger_neither_invites_nor_answers() -> None:
    _, alice = creator("alice")
    theirs, charlie = creator("charlie")
    draft("echo", creator=alice)

    assert (
        theirs.post(
            reverse("marketplace:collaborator_invite", args=["echo"]), {"name": "charlie"}
        ).status_code
        == 404
    )
    assert theirs.post(reverse("marketplace:collaboration_answer", args=["echo"])).status_code == 404
    assert not Collaboration.objects.filter(creator=charlie).exists()


def test_it_refuses_who_is_no_creator_and_the_agents_own() -> None:
    agent = draft("echo", creator=open_creator("alice"))

    with pytest.raises(NotFoundError, match="no creator 'nobody'"):
        ask(agent, "nobody\x00")
    with pytest.raises(InvalidInputError, match="your part already"):
        ask(agent, "alice")


def test_asking_and_answering_again_change_nothing() -> None:
    agent, carol = draft("echo", creator=open_creator("alice")), open_creator("carol")

    with pytest.raises(NotFoundError):
        answer(agent, carol, agrees=True)
    assert ask(agent, "carol") == ask(agent, carol.public_id)
    answer(agent, carol, agrees=True)

    with pytest.raises(CollaborationAnsweredError):
        answer(agent, carol, agrees=True)
    assert ask(agent, "carol").state == Collaboration.State.AGREED
    answer(agent, carol, agrees=False)
    with pytest.raises(CollaborationAnsweredError):
        answer(agent, carol, agrees=True)
