"""The live example of the pricing editor says what a run is then charged, line by line."""

from decimal import Decimal
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Execution
from config.kit import clock
from marketplace.manifest import parse
from marketplace.models import Agent, Creator, PlanVersion
from marketplace.price_editor import samples
from marketplace.price_editor.documents import inputs, of_pricing
from tests.support import market, people, runs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

URL: Final = reverse("billing:price_example")
NEW: Final = reverse("marketplace:creator_agent_new")
LISTING: Final = {"name": "Echo", "slug": "echo", "category": "other", "outcome_policy": "success"}
# Each component with a usage, a stated price where it has one, and what a run of it costs.
COMPONENTS: Final = {
    "flat": ("{metric: run, model: flat, amount: 7}", {}, "7"),
    "per_unit": ("{metric: gb, amount: 2, per: 4, included: 1.5, minimum: 3}", {"gb": "3.5"}, "3"),
    "graduated": (
        "{metric: pages, model: graduated, bands: [{up_to: 10, amount: 5, flat: 1}, {amount: 3}]}",
        {"pages": "12"}, "57",
    ),
    "volume": ("{metric: rows, model: volume, bands: [{up_to: 10, amount: 5}, {amount: 3}]}", {"rows": "12"}, "36"),
    "package": ("{metric: images, model: package, amount: 20, per: 100}", {"images": "101"}, "40"),
    "percentage": ("{metric: order_value, model: percentage, percent: 2.5}", {"order_value": "99"}, "2.475"),
    "dynamic": ("{metric: api_call, model: dynamic, least: 1, most: 10}", {"api_call": "3"}, "13.5"),
}  # fmt: skip


@pytest.fixture
def alice(client: Client) -> Creator:
    """Sign in a creator."""
    user, customer = people.sign_up("alice")
    client.force_login(user)
    return market.open_creator("alice", customer=customer)


def form_of(text: str, **more: str) -> dict[str, str]:
    """Give the inputs of the pricing form that says what a manifest says."""
    return (
        LISTING | {"view": "form", "manifest": ""} | inputs(document=of_pricing(pricing=parse(text))) | more
    )


def tried(client: Client, form: dict[str, str]) -> Any:
    answer = client.post(URL, form)
    assert answer.status_code == 200
    return answer.context


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("model", COMPONENTS)
def test_a_run_is_charged_what_the_example_said(client: Client, model: str) -> None:
    rate, used, cost = COMPONENTS[model]
    text = f"pricing:\n  model: usage_based\n  default_hold: 100\n  rates: [{rate}]\n"
    stated = {"api_call": Decimal("4.5")} if model == "dynamic" else {}
    typed = {f"usage-{metric}": value for metric, value in used.items()}
    typed |= {f"stated-{metric}": str(value) for metric, value in stated.items()}

    example = tried(client, form_of(text, **typed))["example"]
    assert client.post(NEW, form_of(text) | {"action": "publish"}).status_code == 302
    usage = {metric: Decimal(value) for metric, value in used.items()}
    bob = runs.make_customer("bob", credits=1_000)
    run = runs.charge(Agent.objects.get(), bob, "run-1", now=clock.now(), usage=usage, prices=stated)

    assert example.amount == run.charged == runs.credits(cost)
    told = Execution.objects.get().lines or []
    assert [line.formula.amount for line in example.lines] == [line[3] for line in told]
    shares = {part.party: part.amount for part in example.parts}
    assert (shares["creator"], shares["platform"]) == (run.creator, run.platform)


@pytest.mark.usefixtures("alice")
def test_tokens_are_tried_by_model(client: Client) -> None:
    card = "pricing: {model: usage_based, rate_card: standard}"
    form = form_of(card, **{"usage-input_tokens": "1000", "usage-output_tokens": "500"})

    context = tried(client, form)
    first = context["example"].amount
    other = next(name for name in context["models"] if name != context["model"])

    assert tried(client, form | {"example-model": other})["example"].amount != first
    assert tried(client, form | {"example-model": "no/such"})["example"].amount == first


@pytest.mark.usefixtures("alice")
def test_a_first_look_has_a_usage_that_reaches_each_band(client: Client) -> None:
    context = tried(client, form_of(samples.GRADUATED))

    assert [field.value for field in context["inputs"]] == ["150"]
    assert len(context["example"].lines) == 3
    assert context["words"].lines[0] == "5 credits per page, up to 10"


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("usage", ["many", "-1", "NaN", "1e400", "9" * 400, "1.0000000001"])
def test_bad_usage_is_told_at_its_field(client: Client, usage: str) -> None:
    context = tried(client, form_of(samples.GRADUATED, **{"usage-pages": usage}))

    assert context["inputs"][0].error
    assert "example" not in context


@pytest.mark.usefixtures("alice")
def test_a_stated_price_out_of_bounds_is_refused(client: Client) -> None:
    text = f"pricing: {{model: usage_based, rates: [{COMPONENTS['dynamic'][0]}]}}"

    assert "from 1 to 10" in tried(client, form_of(text, **{"stated-api_call": "11"}))["refusal"]


@pytest.mark.usefixtures("alice")
def test_a_price_that_is_not_whole_keeps_the_usage(client: Client) -> None:
    form = form_of(samples.GRADUATED, **{"usage-pages": "42", "pricing.rates[0].bands[0].amount": ""})

    context = tried(client, form)

    assert [problem.field for problem in context["problems"]] == ["rates[0].bands[0].amount"]
    assert [(field.name, field.value) for field in context["inputs"]] == [("usage-pages", "42")]


@pytest.mark.usefixtures("alice")
def test_tiers_say_how_many_such_runs_they_pay(client: Client) -> None:
    example = tried(client, form_of(samples.SUBSCRIPTION))["example"]

    assert [(tier.name, tier.runs) for tier in example.tiers] == [("starter", 1_000), ("pro", 10_000)]


def test_other_creators_have_their_part(client: Client, alice: Creator) -> None:
    dora = market.open_creator("dora")
    form = form_of(
        samples.PER_REQUEST, **{"pricing.split[0].name": "creator", "pricing.split[0].percent": "50"}
    )
    form |= {"pricing.split[1].name": dora.public_id, "pricing.split[1].percent": "20"}
    agent = market.draft("echo", creator=alice)
    assert "Dora has not agreed" in tried(client, form)["problems"][0].message
    market.collaborate(agent, dora)
    form["agent"] = agent.slug

    parts = tried(client, form)["example"].parts

    assert {part.party: part.amount for part in parts} == {
        "creator": 25_000_000, "others": 10_000_000, "platform": 15_000_000, "processing": 2_950_000,
    }  # fmt: skip


@pytest.mark.usefixtures("alice")
def test_yaml_is_tried_too_and_nothing_is_kept(client: Client) -> None:
    context = tried(client, {"view": "yaml", "manifest": samples.PER_REQUEST, "usage-request": "3"})

    assert context["example"].amount == 150_000_000
    assert not Agent.objects.exists()
    assert not PlanVersion.objects.exists()


@pytest.mark.usefixtures("alice")
def test_a_strangers_agent_is_not_found(client: Client) -> None:
    market.for_sale("echo", creator=market.open_creator("dora"))

    for slug in ("echo", "no-such", "\x00"):
        assert client.post(URL, form_of(samples.PER_REQUEST) | {"agent": slug}).status_code in (400, 404)
    assert client.get(URL).status_code == 405


@pytest.mark.usefixtures("alice")
def test_a_price_on_top_shows_the_platforms_and_the_creators_part(client: Client) -> None:
    context = tried(client, form_of(samples.ON_TOP))

    assert context["example"].amount == 60_000_000
    parts = {part.party: part.amount for part in context["example"].parts}
    assert (parts["creator"], parts["platform"]) == (50_000_000, 10_000_000)
    assert [line.formula.label for line in context["example"].lines] == ["Platform price", "Creator price"]
