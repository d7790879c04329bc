"""The storefront's and the creator's pages, over the test client."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import Customer, User
from marketplace import listings
from marketplace.models import Agent, Creator
from marketplace.price_editor import samples
from tests.support.market import draft, for_sale, open_creator, publish
from tests.support.people import MONDAY, sign_up

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Echo",
    "slug": "echo",
    "summary": "It answers",
    "category": "other",
    "outcome_policy": "success",
    "manifest": samples.PER_REQUEST,
}


@pytest.fixture
def alice(client: Client) -> Creator:
    """Sign in a creator."""
    user, customer = sign_up("alice")
    client.force_login(user)
    return open_creator("alice", customer=customer)


@pytest.fixture
def charlie(client: Client) -> tuple[User, Customer]:
    """Sign in a customer who is no creator."""
    user, customer = sign_up("charlie")
    client.force_login(user)
    return user, customer


def text_of(client: Client, url: str, **parameters: str) -> str:
    answer = client.get(url, parameters)
    assert answer.status_code == 200
    return answer.content.decode()


def test_anybody_sees_what_is_for_sale_with_its_price(client: Client) -> None:
    creator = for_sale("per-request").creator
    draft("unfinished", creator=creator)

    page = text_of(client, reverse("marketplace:agents"))

    assert "Per Request" in page
    assert "50 credits per request" in page
    assert "Unfinished" not in page


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"q": "TOKEN"}, ["Per Token"]),
        ({"q": "what per-token does"}, ["Per Token"]),
        ({"q": "alice"}, ["Free", "Per Token", "Subscribed"]),
        ({"q": "nothing"}, []),
        ({"q": "%"}, []),
        ({"q": "\x00"}, ["Free", "Per Token", "Subscribed"]),
        ({"model": "free"}, ["Free"]),
        ({"model": "subscription"}, ["Subscribed"]),
        ({"model": "nul\x00"}, []),
        ({"category": "code"}, []),
        ({"category": "none"}, ["Free", "Per Token", "Subscribed"]),
        ({"page": "2"}, []),
        ({"page": "-1"}, ["Free", "Per Token", "Subscribed"]),
        ({"page": "9" * 99}, ["Free", "Per Token", "Subscribed"]),
    ],
)
def test_it_searches(client: Client, parameters: dict[str, str], found: list[str]) -> None:
    creator = for_sale("per-token", samples.PER_THOUSAND_TOKENS).creator
    for_sale("subscribed", samples.SUBSCRIPTION, creator=creator)
    for_sale("free", samples.FREE, creator=creator)

    answer = client.get(reverse("marketplace:agents"), parameters)

    assert [card.name for card in answer.context["agents"]] == found


def test_htmx_gets_the_list_alone(client: Client) -> None:
    answer = client.get(reverse("marketplace:agents"), headers={"HX-Request": "true"})

    assert "<html" not in answer.content.decode()


def test_the_way_back_gets_the_whole_page(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    answer = client.get(reverse("marketplace:agents"), headers=headers)

    assert "<html" in answer.content.decode()
    assert "HX-Request" in answer.headers["Vary"]


def test_it_pages_without_a_query_an_agent(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    creator = open_creator()
    for number in range(25):
        for_sale(f"agent-{number:02d}", creator=creator)

    with django_assert_max_num_queries(8):
        answer = client.get(reverse("marketplace:agents"), {"q": "agent"})

    assert len(answer.context["agents"]) == 24
    assert answer.context["page"] == {"previous_url": "", "next_url": "?q=agent&page=2"}


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.name)
def test_it_shows_an_agent_of_each_model(client: Client, sample: samples.Sample) -> None:
    for_sale("echo", sample.text)

    page = text_of(client, reverse("marketplace:agent", args=["echo"]))

    assert "Version 1" in page


def test_it_shows_what_runs_cost(client: Client) -> None:
    for_sale("per-token", samples.PER_THOUSAND_TOKENS)

    answer = client.get(reverse("marketplace:agent", args=["per-token"]))

    assert [example.amount for example in answer.context["examples"]] == [4_000_000, 40_000_000, 400_000_000]
    assert answer.context["examples"][0].quantity_text == "1,000 input tokens, 1,000 output tokens"


@pytest.mark.parametrize("slug", ["none", "unfinished", "stopped"])
def test_it_hides_what_is_not_for_sale(client: Client, slug: str) -> None:
    creator = draft("unfinished").creator
    listings.suspend(
        agent=for_sale("stopped", creator=creator), actor="user:olive", reason="spam", now=MONDAY
    )

    assert client.get(reverse("marketplace:agent", args=[slug])).status_code == 404


@pytest.mark.parametrize("name", ["become_creator", "creator_agents", "creator_agent_new"])
def test_creators_pages_ask_to_sign_in(client: Client, name: str) -> None:
    answer = client.get(reverse(f"marketplace:{name}"))

    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]


@pytest.mark.usefixtures("charlie")
def test_a_customer_becomes_a_creator(client: Client) -> None:
    start, agents = reverse("marketplace:become_creator"), reverse("marketplace:creator_agents")
    assert client.get(agents)["Location"] == start

    assert client.post(start, {"display_name": ""}).status_code == 400
    assert client.post(start, {"display_name": "Charlie"})["Location"] == agents
    assert client.post(start, {"display_name": "Again"})["Location"] == agents
    assert Creator.objects.get().display_name == "Charlie"


@pytest.mark.usefixtures("charlie")
def test_a_stranger_reaches_no_agent_of_another(client: Client) -> None:
    for_sale("echo")
    url = reverse("marketplace:creator_agent_edit", args=["echo"])
    client.post(reverse("marketplace:become_creator"), {"display_name": "Charlie"})

    for action in ("save", "publish", "unpublish"):
        assert client.post(url, FORM | {"action": action}).status_code == 404
    assert client.get(url).status_code == 404
    assert Agent.objects.get().status == Agent.Status.PUBLISHED


@pytest.mark.usefixtures("alice")
def test_a_creator_publishes_an_agent(client: Client) -> None:
    answer = client.post(reverse("marketplace:creator_agent_new"), FORM | {"action": "publish"})

    assert answer["Location"] == reverse("marketplace:creator_agent_edit", args=["echo"])
    agent = Agent.objects.get()
    version = agent.plan.versions.get()
    assert (agent.status, version.manifest) == ("published", samples.PER_REQUEST)
    user = User.objects.get()
    assert version.created_by == f"user:{user.public_id}"
    page = text_of(client, answer["Location"])
    assert "Version 1" in page
    assert user.email in page


@pytest.mark.usefixtures("alice")
def test_a_browsers_line_ends_do_not_change_the_manifest(client: Client) -> None:
    form = FORM | {"manifest": samples.PER_REQUEST.replace("\n", "\r\n"), "action": "publish"}
    client.post(reverse("marketplace:creator_agent_new"), form)

    assert Agent.objects.get().plan.versions.get().manifest == samples.PER_REQUEST


@pytest.mark.usefixtures("alice")
def test_the_editor_shows_errors_by_line_and_field_and_saves_nothing(client: Client) -> None:
    form = FORM | {"manifest": samples.PER_REQUEST.replace("amount: 50", "amount: -50"), "action": "publish"}

    answer = client.post(reverse("marketplace:creator_agent_new"), form)

    assert answer.status_code == 400
    page = answer.content.decode()
    assert "Line 7" in page
    assert "rates[0].amount" in page
    assert "must be 0 or more" in page
    assert "amount: -50" in page
    assert not Agent.objects.exists()


@pytest.mark.usefixtures("alice")
def test_the_editor_shows_hints_and_samples(client: Client) -> None:
    page = text_of(client, reverse("marketplace:creator_agent_new"))

    for text in ("Simple query", "API wrapper", "AI generation", "Complex research", "100–500", "Per token"):
        assert text in page


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "nul \x00"},
        {"slug": "Not A Slug"},
        {"slug": "new"},
        {"category": "weapons"},
        {"outcome_policy": ""},
        {"manifest": "#" * 65_537},
    ],
)
def test_the_editor_refuses_bad_input(client: Client, changes: dict[str, str]) -> None:
    answer = client.post(reverse("marketplace:creator_agent_new"), FORM | {"action": "save"} | changes)

    assert answer.status_code == 400
    assert not Agent.objects.exists()


def test_a_new_price_is_a_new_version(client: Client, alice: Creator) -> None:
    publish(draft("echo", creator=alice))
    dearer = samples.PER_REQUEST.replace("amount: 50", "amount: 60")
    url = reverse("marketplace:creator_agent_edit", args=["echo"])

    client.post(url, FORM | {"manifest": dearer, "action": "publish"})
    client.post(url, FORM | {"manifest": dearer, "action": "publish"})

    assert Agent.objects.get().plan.versions.count() == 2
    answer = client.get(url)
    assert [(v.number, v.current) for v in answer.context["versions"]] == [(2, True), (1, False)]
    assert answer.context["preview"].lines[0] == "60 credits per request"


def test_a_creator_takes_an_agent_off_sale(client: Client, alice: Creator) -> None:
    for_sale("echo", creator=alice)
    url = reverse("marketplace:creator_agent_edit", args=["echo"])

    client.post(url, {"action": "unpublish"})
    client.post(url, {"action": "unpublish"})

    assert Agent.objects.get().status == Agent.Status.DRAFT
    assert text_of(client, reverse("marketplace:creator_agents")).count("Draft") == 1


def test_a_slug_that_is_taken_is_told_at_its_field(client: Client, alice: Creator) -> None:
    for_sale("echo", creator=alice)

    answer = client.post(reverse("marketplace:creator_agent_new"), FORM | {"action": "save"})

    assert answer.status_code == 400
    assert "Another agent is called echo." in answer.content.decode()
