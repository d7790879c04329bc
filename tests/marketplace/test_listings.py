"""listings and creators: who may sell, what is listed, and the states of an agent."""

import pytest

from config.kit.errors import InvalidInputError
from marketplace import creators, editor, listings
from marketplace.listings import Listing, SlugFixedError, SlugTakenError, StatusChangedError
from marketplace.manifest import ManifestError
from marketplace.models import Agent, Creator
from marketplace.price_editor import samples
from tests.support.market import draft, for_sale, open_creator
from tests.support.people import MONDAY, open_customer
from tests.support.races import race

pytestmark = pytest.mark.django_db


def test_it_makes_a_customer_a_creator_once() -> None:
    customer = open_customer("alice")
    creator = creators.open_creator(customer=customer, display_name=" Alice & Co ", now=MONDAY)

    assert (creator.display_name, creator.slug) == ("Alice & Co", "alice-co")
    assert creators.open_creator(customer=customer, display_name="Other", now=MONDAY) == creator


def test_two_creators_of_one_name_have_slugs_of_their_own() -> None:
    first, second = open_creator("alice"), open_creator("alice", customer=open_customer("alice2"))

    assert first.slug == "alice"
    assert second.slug.startswith("alice-")


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "a\nb"])
def test_it_refuses_a_creator_without_a_proper_name(name: str) -> None:
    with pytest.raises(InvalidInputError):
        creators.open_creator(customer=open_customer("alice"), display_name=name, now=MONDAY)


@pytest.mark.django_db(transaction=True)
def test_two_first_clicks_make_one_creator() -> None:
    customer = open_customer("alice")

    made = race(4, lambda _: creators.open_creator(customer=customer, display_name="Alice", now=MONDAY).pk)

    assert made == [Creator.objects.get().pk] * 4


def test_it_lists_a_draft_with_an_empty_plan() -> None:
    agent = draft("echo")

    assert agent.status == Agent.Status.DRAFT
    assert agent.plan.versions.count() == 0


def test_it_refuses_a_slug_that_is_taken() -> None:
    creator = draft("echo").creator

    with pytest.raises(SlugTakenError):
        draft("echo", creator=creator)


@pytest.mark.parametrize("slug", ["", "Echo", "echo_1", "-echo", "échos", "x" * 61, "new", "agt_0", "a b"])
def test_it_refuses_a_slug_that_is_none(slug: str) -> None:
    with pytest.raises(InvalidInputError):
        draft(slug)


@pytest.mark.parametrize(
    "listing",
    [
        Listing(name=" ", slug="echo"),
        Listing(name="Echo", slug="echo", category="weapons"),
        Listing(name="Echo", slug="echo", outcome_policy="never"),
        Listing(name="Echo", slug="echo", description="nul \x00"),
    ],
)
def test_it_refuses_a_listing_with_mistakes(listing: Listing) -> None:
    with pytest.raises(InvalidInputError):
        listings.create(creator=open_creator(), listing=listing, now=MONDAY)


def test_a_draft_may_be_renamed_and_a_published_agent_may_not() -> None:
    agent = draft("echo")
    renamed = listings.edit(agent=agent, listing=Listing(name="Echo", slug="echo-2"), draft_manifest="")
    assert renamed.slug == "echo-2"

    published = for_sale("other", creator=agent.creator)
    with pytest.raises(SlugFixedError):
        listings.edit(agent=published, listing=Listing(name="Other", slug="another"), draft_manifest="")


def test_it_suspends_and_reinstates_and_keeps_the_history() -> None:
    agent = for_sale()
    listings.suspend(agent=agent, actor="user:olive", reason="spam", now=MONDAY)
    listings.reinstate(agent=agent, actor="user:olive", reason="mistake", now=MONDAY)

    agent.refresh_from_db()
    assert agent.status == Agent.Status.PUBLISHED
    changes = agent.status_changes.order_by("id").values_list("old_status", "new_status", "reason")
    assert list(changes)[1:] == [("published", "suspended", "spam"), ("suspended", "published", "mistake")]


def test_it_refuses_a_change_from_another_status() -> None:
    with pytest.raises(StatusChangedError, match="is not published any more"):
        listings.suspend(agent=draft(), actor="user:olive", reason="spam", now=MONDAY)


def save(agent: Agent | None, creator: Creator, *, manifest: str, publish: bool = True) -> Agent:
    return editor.save(
        creator=creator,
        agent=agent,
        listing=Listing(name="Echo", slug="echo"),
        manifest=manifest,
        publish=publish,
        actor="user:alice",
        now=MONDAY,
    )


def test_the_editor_saves_and_publishes_as_one() -> None:
    creator = open_creator()

    with pytest.raises(ManifestError):
        save(None, creator, manifest="pricing: 5")
    assert not Agent.objects.exists()
    agent = save(None, creator, manifest=samples.FREE)
    assert agent.status == Agent.Status.PUBLISHED


def test_the_editor_keeps_a_draft_with_mistakes() -> None:
    agent = save(None, open_creator(), manifest="pricing: 5", publish=False)

    assert (agent.status, agent.draft_manifest) == ("draft", "pricing: 5")
