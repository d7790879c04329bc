"""The market in the admin: suspend agents, read versions, sell packages."""

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import User
from marketplace.models import Agent, Creator, CreditPackage, PlanVersion
from tests.support.market import for_sale

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def olive(client: Client) -> User:
    """Sign in an operator."""
    user = User.objects.create_superuser("olive@example.com", "correct horse battery")
    client.force_login(user)
    return user


def act(client: Client, action: str, agent: Agent) -> None:
    url = reverse("admin:marketplace_agent_changelist")
    answer = client.post(url, {"action": action, "_selected_action": [agent.pk]})
    assert answer.status_code == 302
    agent.refresh_from_db()


def test_it_suspends_and_reinstates_an_agent(client: Client, olive: User) -> None:
    agent = for_sale()

    act(client, "suspend", agent)
    act(client, "suspend", agent)
    assert agent.status == Agent.Status.SUSPENDED
    assert agent.status_changes.filter(actor=f"user:{olive.public_id}").count() == 1

    act(client, "reinstate", agent)
    assert agent.status == Agent.Status.PUBLISHED


def test_an_empty_list_asks_only_those_to_add_who_can(client: Client) -> None:
    versions = client.get(reverse("admin:marketplace_planversion_changelist")).content.decode()
    keys = client.get(reverse("admin:accounts_apikey_changelist")).content.decode()
    searched = client.get(reverse("admin:marketplace_planversion_changelist"), {"q": "x"}).content.decode()

    assert "Nothing here yet" in versions
    assert "New ones show up here by themselves." in versions
    assert "Add the first one." in keys
    assert "reset the filters" in searched


@pytest.mark.parametrize("model", [Agent, Creator, PlanVersion, CreditPackage])
def test_every_list_and_form_opens(client: Client, model: type[Model]) -> None:
    for_sale()
    name = f"admin:marketplace_{model._meta.model_name}"
    first = model._default_manager.first()
    assert first is not None

    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    assert client.get(reverse(f"{name}_changelist"), {"q": "per"}).status_code == 200
    assert client.get(reverse(f"{name}_change", args=[first.pk])).status_code == 200


def test_a_version_is_read_only(client: Client) -> None:
    for_sale()
    version = PlanVersion.objects.get()

    assert client.get(reverse("admin:marketplace_planversion_add")).status_code == 403
    assert (
        client.post(reverse("admin:marketplace_planversion_change", args=[version.pk]), {}).status_code == 403
    )
    assert (
        client.post(reverse("admin:marketplace_planversion_delete", args=[version.pk]), {}).status_code == 403
    )


def test_it_refuses_a_package_that_can_lose_money(client: Client) -> None:
    form = {"slug": "gift", "name": "Gift", "price_cents": "20000", "bonus_bp": "6000", "active": "on"}

    answer = client.post(reverse("admin:marketplace_creditpackage_add"), form)

    assert "is left of the payment" in answer.content.decode()
    assert not CreditPackage.objects.filter(slug="gift").exists()
    assert (
        client.post(reverse("admin:marketplace_creditpackage_add"), form | {"bonus_bp": "3000"}).status_code
        == 302
    )


@pytest.mark.parametrize(("share", "saved"), [("8200", 8200), ("9500", None), ("10001", None), ("-1", None)])
def test_it_changes_the_share_of_an_agent_while_packages_earn(
    client: Client, share: str, saved: int | None
) -> None:
    agent = for_sale()
    form = {
        "creator_share_bp": share,
        "status_changes-TOTAL_FORMS": "0",
        "status_changes-INITIAL_FORMS": "0",
    }

    client.post(reverse("admin:marketplace_agent_change", args=[agent.pk]), form)

    agent.refresh_from_db()
    assert agent.creator_share_bp == saved
