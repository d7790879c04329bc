"""queries.terms: which version is in force, and what it says, in one query."""

import datetime as dt

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from config.kit.errors import NotFoundError
from marketplace import listings, queries
from marketplace.models import Creator
from marketplace.price_editor import samples
from marketplace.queries import AgentNotFoundError, AgentSuspendedError
from marketplace.terms import Share
from tests.support.market import A_DAY, draft, for_sale, publish
from tests.support.people import MONDAY

pytestmark = pytest.mark.django_db

DEARER = samples.PER_REQUEST.replace("amount: 50", "amount: 60")


def test_it_finds_an_agent_by_slug_and_by_public_id() -> None:
    agent = for_sale()

    by_slug = queries.terms(agent="per-request", at=MONDAY)

    assert by_slug == queries.terms(agent=agent.public_id, at=MONDAY)
    assert (by_slug.agent_id, by_slug.agent, by_slug.agent_slug) == (agent.pk, agent.public_id, "per-request")
    creator = Creator.objects.get()
    assert (by_slug.creator_id, by_slug.creator, by_slug.creator_customer_id) == (
        creator.pk,
        creator.public_id,
        creator.customer_id,
    )
    assert by_slug.shares == (Share(creator.pk, 8000),)
    assert by_slug.outcome_policy == "success"


def test_it_gives_the_version_in_force_at_a_time() -> None:
    agent = for_sale()
    publish(agent, DEARER, now=MONDAY + A_DAY)
    moment_before = MONDAY + A_DAY - dt.timedelta(microseconds=1)

    assert queries.terms(agent=agent.slug, at=moment_before).number == 1
    assert queries.terms(agent=agent.slug, at=MONDAY + A_DAY).number == 2
    assert queries.terms(agent=agent.slug, at=MONDAY + A_DAY).prices[0].unit_price == 60


def test_it_asks_one_query_once_a_version_is_known(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    agent = for_sale()
    version = queries.terms(agent=agent.slug, at=MONDAY).version

    with django_assert_num_queries(1):
        queries.terms(agent=agent.slug, at=MONDAY)
    with django_assert_num_queries(0):
        assert queries.version_terms(version=version).version == version


def test_it_answers_for_many_agents_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first, second, hidden = for_sale("first"), draft("second", creator=Creator.objects.get()), None
    publish(second, samples.FREE)
    hidden = draft("hidden", creator=Creator.objects.get())
    queries.terms(agent="first", at=MONDAY)
    queries.terms(agent="second", at=MONDAY)
    wanted = [(first.slug, MONDAY), (second.public_id, MONDAY), (hidden.slug, MONDAY), ("none", MONDAY)]

    with django_assert_num_queries(1):
        found = queries.terms_many(wanted=[*wanted, (first.slug, MONDAY), ("nul\x00", MONDAY)])

    assert [type(found[key]).__name__ for key in wanted] == [
        "Terms",
        "Terms",
        "AgentNotFoundError",
        "AgentNotFoundError",
    ]
    assert isinstance(found["nul\x00", MONDAY], AgentNotFoundError)


def test_it_gives_terms_by_version_whatever_became_of_the_agent() -> None:
    agent = for_sale()
    version_id = queries.terms(agent=agent.slug, at=MONDAY).version_id
    listings.suspend(agent=agent, actor="user:olive", reason="spam", now=MONDAY)

    terms = queries.terms_by_version(version_ids=[version_id])[version_id]

    assert (terms.version_id, terms.status) == (version_id, "suspended")


@pytest.mark.parametrize(
    "name", ["nobody", "agt_" + "0" * 26, "", "x" * 10_000, "per\x00request", "PER-REQUEST"]
)
def test_it_refuses_an_agent_nobody_sells(name: str) -> None:
    for_sale()

    with pytest.raises(AgentNotFoundError):
        queries.terms(agent=name, at=MONDAY)


def test_it_refuses_a_draft_and_an_agent_taken_off_sale() -> None:
    agent = draft()
    with pytest.raises(AgentNotFoundError):
        queries.terms(agent=agent.slug, at=MONDAY)

    publish(agent)
    listings.unpublish(agent=agent, actor="user:alice", now=MONDAY)
    with pytest.raises(AgentNotFoundError):
        queries.terms(agent=agent.slug, at=MONDAY)


def test_it_refuses_a_time_before_the_first_version() -> None:
    for_sale()

    with pytest.raises(AgentNotFoundError):
        queries.terms(agent="per-request", at=MONDAY - A_DAY)


def test_it_refuses_a_suspended_agent() -> None:
    listings.suspend(agent=for_sale(), actor="user:olive", reason="spam", now=MONDAY)

    with pytest.raises(AgentSuspendedError):
        queries.terms(agent="per-request", at=MONDAY)


def test_it_refuses_a_version_nobody_published() -> None:
    with pytest.raises(NotFoundError):
        queries.version_terms(version="plv_" + "0" * 26)
