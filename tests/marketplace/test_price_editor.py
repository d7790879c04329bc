"""The pricing editor: form and YAML are one document, every component is built without YAML, errors stand at fields."""

import datetime as dt
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import reverse

from config.kit import clock
from marketplace import price_editor
from marketplace.manifest import parse
from marketplace.models import Agent, Creator, PlanVersion
from marketplace.price_editor import samples
from marketplace.price_editor.documents import inputs, manifest, of_pricing, typed
from tests.marketplace.test_publish import EVERY_MODEL
from tests.support.market import for_sale, open_creator
from tests.support.people import sign_up

pytestmark = pytest.mark.django_db

NEW: Final = reverse("marketplace:creator_agent_new")
ECHO: Final = "marketplace:creator_agent_edit"
LISTING: Final = {
    "name": "Echo",
    "slug": "echo",
    "category": "other",
    "outcome_policy": "success",
    "view": "form",
}
COMMENTED: Final = (
    "# mine\npricing: {model: usage_based, rates: [{metric: request, amount: 5.0}]}   # yours\n"
)


@pytest.fixture
def alice(client: Client) -> Creator:
    """Sign in a creator."""
    user, customer = sign_up("alice")
    client.force_login(user)
    return open_creator("alice", customer=customer)


def form_of(text: str) -> dict[str, str]:
    """Give the inputs of a form that was opened with a manifest."""
    return LISTING | {"manifest": text} | inputs(document=of_pricing(pricing=parse(text)))


def press(client: Client, form: dict[str, str], step: str) -> Any:
    """Press a button of the editor, as htmx does; give what the editor then holds."""
    answer = client.post(NEW, form | {"step": step}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    return answer.context


@pytest.mark.parametrize("text", [*(sample.text for sample in samples.SAMPLES), EVERY_MODEL])
def test_a_form_says_what_its_yaml_says(text: str) -> None:
    document = of_pricing(pricing=parse(text))

    assert parse(manifest(document=document)) == parse(text)
    assert typed(data=inputs(document=document)) == document


@pytest.mark.usefixtures("alice")
def test_changing_the_view_keeps_a_comment_until_the_form_says_something_else(client: Client) -> None:
    form = form_of(COMMENTED)
    assert press(client, form, "view:yaml")["manifest"] == COMMENTED

    dearer = press(client, form | {"pricing.rates[0].amount": "6"}, "view:yaml")["manifest"]
    assert "# mine" not in dearer
    assert parse(dearer) == parse(COMMENTED.replace("5.0", "6"))

    back = press(client, LISTING | {"view": "yaml", "manifest": COMMENTED}, "view:form")
    assert back["view"] == "form"
    assert back["pricing"].rates[0].form["amount"].value() == "5"


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(("view", "other"), [("form", "yaml"), ("yaml", "form")])
def test_what_cannot_be_read_stays_in_its_view_with_what_is_wrong(
    client: Client, view: str, other: str
) -> None:
    broken = form_of(samples.PER_REQUEST) | {"view": view, "pricing.rates[0].amount": "many"}
    broken |= {"manifest": "pricing: {model: free"} if view == "yaml" else {}

    answer = client.post(NEW, broken | {"step": f"view:{other}"}, headers={"HX-Request": "true"})

    assert answer.context["view"] == view
    page = answer.content.decode()
    assert ("pricing: {model: free" if view == "yaml" else 'value="many"') in page
    assert ("Line 1" if view == "yaml" else "Must be a plain decimal number") in page


@pytest.mark.usefixtures("alice")
def test_buttons_add_order_and_remove_and_lose_nothing(client: Client) -> None:
    form = form_of(EVERY_MODEL)

    def metrics(step: str, **changes: str) -> list[str]:
        shown = press(client, form | changes, step)["pricing"]
        return [panel.form["metric"].value() for panel in shown.rates]

    before = metrics("shape")
    assert metrics("up:rates:1") == [before[1], before[0], *before[2:]]
    assert metrics("down:rates:0") == [before[1], before[0], *before[2:]]
    assert metrics("remove:rates:0") == before[1:]
    assert metrics("add:volume")[:-1] == before
    for nothing in (
        "up:rates:0",
        "down:rates:6",
        "remove:rates:99",
        f"up:rates:{'9' * 5000}",
        "up:model:0",
        "add:x",
        "",
    ):
        assert metrics(nothing) == before

    banded = press(client, form, "band:5")["pricing"]
    assert len(banded.rates[5].bands) == 3
    assert len(press(client, form, "unband:5:0")["pricing"].rates[5].bands) == 1
    # A model that has no bands keeps them unseen, and so does a free price everything.
    per_unit = press(client, form | {"pricing.rates[5].model": "per_unit"}, "shape")["pricing"]
    assert ("pricing.rates[5].bands[0].up_to", "10") in per_unit.hidden
    free = press(client, form | {"pricing.model": "free"}, "shape")["pricing"]
    assert dict(free.hidden)["pricing.rates[0].metric"] == "request"


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"pricing.rates[1].metric": "G B"}, "pricing.rates[1].metric", "Must be a name such as"),
        ({"pricing.rates[1].metric": "request"}, "pricing.rates[1].metric", "priced twice"),
        ({"pricing.rates[0].amount": ""}, "pricing.rates[0].amount", "This field is required"),
        ({"pricing.rates[1].amount": "-1"}, "pricing.rates[1].amount", "Must be 0 or more"),
        ({"pricing.rates[1].amount": "NaN"}, "pricing.rates[1].amount", "plain decimal number"),
        ({"pricing.rates[1].amount": "1e400"}, "pricing.rates[1].amount", "plain decimal number"),
        ({"pricing.rates[1].per": "0"}, "pricing.rates[1].per", "Must be 1 or more"),
        ({"pricing.rates[1].included": "-1"}, "pricing.rates[1].included", "Must be 0 or more"),
        ({"pricing.rates[1].minimum": "0.0000001"}, "pricing.rates[1].minimum", "more than 6 decimal places"),
        ({"pricing.rates[2].per": ""}, "pricing.rates[2].per", "This field is required"),
        ({"pricing.rates[3].percent": "101"}, "pricing.rates[3].percent", "Must be 100 or less"),
        ({"pricing.rates[4].most": "0.5"}, "pricing.rates[4].most", "Must not be below least"),
        ({"pricing.rates[4].least": "x"}, "pricing.rates[4].least", "plain decimal number"),
        ({"pricing.rates[5].bands[0].up_to": ""}, "pricing.rates[5].bands[0].up_to", "required"),
        ({"pricing.rates[5].bands[0].up_to": "0"}, "pricing.rates[5].bands[0].up_to", "Must be"),
        ({"pricing.rates[5].bands[1].amount": "x"}, "pricing.rates[5].bands[1].amount", "plain decimal number"),
        ({"pricing.rates[6].bands[0].flat": "-1"}, "pricing.rates[6].bands[0].flat", "Must be 0 or more"),
        ({"pricing.rates[0].model": "barter"}, "pricing.rates[0].model", "Must be one of"),
        ({"pricing.minimum": "x"}, "pricing.minimum", "plain decimal number"),
        ({"pricing.minimum": "1.5", "pricing.quantum": "1"}, "pricing.minimum", "multiple of the quantum"),
        ({"pricing.quantum": "0"}, "pricing.quantum", "Must be 0.000001 or more"),
        ({"pricing.default_hold": "-5"}, "pricing.default_hold", "Must be 0.000001 or more"),
        ({"pricing.rate_card": "none"}, "pricing.rate_card", "There is no such rate card"),
        ({"pricing.split[0].name": "bob", "pricing.split[0].percent": "5"}, "pricing.split[0].percent", "Must be cre"),
        ({"pricing.split[0].name": "creator", "pricing.split[0].percent": "x"}, "pricing.split[0].percent", "plain"),
        ({"pricing.model": "subscription"}, "subscription_tiers", "is missing"),
        ({"pricing.model": "barter"}, "model", "must be"),
        ({"pricing.split[0].name": "creator", "pricing.split[0].percent": "90"}, "split", "80 % at most"),
        (
            {"pricing.model": "subscription", "pricing.subscription_tiers[0].name": "a",
             "pricing.subscription_tiers[0].credits_per_month": "0", "pricing.subscription_tiers[0].price_usd": "1"},
            "pricing.subscription_tiers[0].credits_per_month", "Must be 0.000001 or more",
        ),
        (
            {"pricing.model": "subscription", "pricing.subscription_tiers[0].name": "a",
             "pricing.subscription_tiers[0].credits_per_month": "9", "pricing.subscription_tiers[0].price_usd": "0.49"},
            "pricing.subscription_tiers[0].price_usd", "Must be 0.50 or more",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_told_at_its_field_and_nothing_is_lost(
    client: Client, changes: dict[str, str], field: str, problem: str
) -> None:
    form = form_of(EVERY_MODEL) | changes

    answer = client.post(NEW, form | {"action": "publish"})

    assert answer.status_code == 400
    assert not Agent.objects.exists()
    shown = answer.context["pricing"]
    panels = [*shown.rates, *shown.tiers, *shown.payees]
    forms = [panel.form for panel in panels] + [band.form for panel in panels for band in panel.bands]
    forms += [part for part in (shown.run, shown.card) if part]
    told = {each.add_prefix(name): str(errors) for each in forms for name, errors in each.errors.items()}
    told |= dict(shown.problems)
    assert problem in told[field], told
    kept = {each.add_prefix(name): each[name].value() for each in forms for name in each.fields} | dict(
        shown.hidden
    )
    assert {name: kept[name] for name in changes if name != "pricing.model"} == {
        name: value for name, value in changes.items() if name != "pricing.model"
    }


@pytest.mark.usefixtures("alice")
def test_what_is_built_by_buttons_alone_is_published(client: Client) -> None:
    """Each component, as somebody makes it who never sees YAML."""
    form = LISTING | {"manifest": "", "pricing.model": "usage_based"}
    for place, model in enumerate(
        ("flat", "per_unit", "graduated", "volume", "package", "percentage", "dynamic")
    ):
        shown = press(client, form, f"add:{model}")["pricing"]
        form |= {f"pricing.rates[{place}].model": model, f"pricing.rates[{place}].metric": f"m{place}"}
        assert shown.rates[place].form["model"].value() == model
        if model in ("graduated", "volume"):
            path = f"pricing.rates[{place}].bands"
            form |= {f"{path}[0].up_to": "10", f"{path}[0].amount": "2", f"{path}[1].amount": "1"}
    form |= {"pricing.rates[0].amount": "1", "pricing.rates[1].amount": "2", "pricing.rates[1].per": "1000"}
    form |= {
        "pricing.rates[4].amount": "20",
        "pricing.rates[4].per": "100",
        "pricing.rates[5].percent": "2.5",
    }
    form |= {"pricing.rates[6].least": "1", "pricing.rates[6].most": "9", "pricing.minimum": "3"}

    assert client.post(NEW, form | {"action": "publish"}).status_code == 302

    version = PlanVersion.objects.get()
    assert parse(version.manifest) == parse(EVERY_BUILT)
    assert version.minimum == 3_000_000


EVERY_BUILT: Final = """\
pricing:
  model: usage_based
  minimum: 3
  rates:
    - {metric: m0, amount: 1, per: run}
    - {metric: m1, amount: 2, per: 1000}
    - {metric: m2, model: graduated, bands: [{up_to: 10, amount: 2}, {amount: 1}]}
    - {metric: m3, model: volume, bands: [{up_to: 10, amount: 2}, {amount: 1}]}
    - {metric: m4, model: package, amount: 20, per: 100}
    - {metric: m5, model: percentage, percent: 2.5}
    - {metric: m6, model: dynamic, least: 1, most: 9}
"""


def test_the_difference_is_shown_before_a_version_is_made(client: Client, alice: Creator) -> None:
    for_sale("echo", EVERY_MODEL, creator=alice)
    form = form_of(EVERY_MODEL) | {"pricing.rates[1].amount": "3"}
    form |= {"pricing.rates[0].metric": "start", "usage-gb": "7"}

    answer = client.post(reverse(ECHO, args=["echo"]), form | {"action": "review"})

    assert PlanVersion.objects.count() == 1
    kinds = {change.label: change.kind for change in answer.context["changes"]}
    assert kinds["Price of gb"] == "changed"
    assert (kinds["Price of start"], kinds["Price of request"]) == ("added", "removed")
    assert kinds["Price of pages"] == "same"
    assert ("usage-gb", "7") in answer.context["tried"]
    # The way back has everything.
    back = client.post(
        reverse(ECHO, args=["echo"]), LISTING | {"manifest": answer.context["manifest"], "step": "shape"}
    )
    assert back.context["pricing"].rates[1].form["amount"].value() == "3"


def test_a_price_may_begin_later_and_leaves_the_version_in_force_alone(
    client: Client, alice: Creator
) -> None:
    for_sale("echo", samples.PER_REQUEST, creator=alice)
    url, form = reverse(ECHO, args=["echo"]), form_of(samples.GRADUATED) | {"action": "publish"}
    tomorrow = (clock.now() + dt.timedelta(days=1)).replace(second=0, microsecond=0)

    for wrong in ("soon", "2020-01-01T00:00"):
        assert client.post(url, form | {"effective_from": wrong}).status_code == 400
    assert PlanVersion.objects.count() == 1
    assert client.post(url, form | {"effective_from": f"{tomorrow:%Y-%m-%dT%H:%M}"}).status_code == 302

    first, second = PlanVersion.objects.order_by("number")
    assert second.effective_from == tomorrow
    assert first.manifest == samples.PER_REQUEST
    page = client.get(url)
    assert [(version.current, version.upcoming) for version in page.context["versions"]] == [
        (False, True),
        (True, False),
    ]
    assert page.context["preview"].lines[0] == "50 credits per request"
    copied = client.post(url, form | {"step": "version:1"}, headers={"HX-Request": "true"})
    assert copied.context["manifest"] == samples.PER_REQUEST


@pytest.mark.usefixtures("alice")
def test_the_first_price_begins_at_once(client: Client) -> None:
    form = form_of(samples.PER_REQUEST) | {"action": "publish", "effective_from": "2099-01-01T00:00"}

    assert client.post(NEW, form).status_code == 400
    assert not Agent.objects.exists()


def test_too_long_a_manifest_is_edited_as_yaml() -> None:
    bands = ", ".join(f"{{up_to: {end}, amount: 1}}" for end in range(1, 40))
    rates = "\n".join(
        f"    - {{metric: m{n}, model: graduated, bands: [{bands}, {{amount: 1}}]}}" for n in range(20)
    )

    desk = price_editor.opened(text=f"pricing:\n  model: usage_based\n  rates:\n{rates}\n")

    assert (desk.view, desk.problems) == ("yaml", (price_editor.TOO_LONG,))


def test_a_stranger_gets_nothing(client: Client) -> None:
    for_sale("echo")
    user, customer = sign_up("dora")
    open_creator("dora", customer=customer)
    client.force_login(user)

    for about in ({"step": "version:1"}, {"step": "add:flat"}, {"action": "review"}, {"action": "publish"}):
        assert client.post(reverse(ECHO, args=["echo"]), form_of(samples.FREE) | about).status_code == 404


@pytest.mark.usefixtures("alice")
def test_a_price_on_top_is_built_by_buttons_and_the_rates_wait_unseen(client: Client) -> None:
    form = form_of(samples.PER_REQUEST)

    shown = press(client, form, "earn:fixed")["pricing"]
    assert (shown.rates, shown.payees) == ((), ())
    assert [panel.form["usd"].value() for panel in shown.on_top] == ["0.05"]
    hidden = dict(shown.hidden)
    assert hidden["pricing.rates[0].amount"] == "50"

    on_top = form | hidden | {"pricing.on_top[0].name": "creator", "pricing.on_top[0].usd": "0.51"}
    refused = client.post(NEW, on_top | {"action": "publish"})
    assert refused.status_code == 400
    assert "Must be 0.50 or less." in refused.content.decode()
    assert press(client, on_top, "earn:share")["pricing"].rates[0].form["amount"].value() == "50"
    assert (
        client.post(NEW, on_top | {"pricing.on_top[0].usd": "0.07", "action": "publish"}).status_code == 302
    )
    assert PlanVersion.objects.get().shares.get().fixed_cents == 7
