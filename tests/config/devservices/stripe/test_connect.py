"""Connected accounts: creation, onboarding, state, links."""

from typing import Any

import pytest
import requests
import stripe

from tests.config.devservices.stripe.conftest import EXPRESS, Hooks, Sim


def link(client: stripe.StripeClient, account: stripe.Account) -> stripe.AccountLink:
    return client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://127.0.0.1:9/refresh",
            "return_url": "http://127.0.0.1:9/return",
        }
    )


def answer(url: str, choice: str) -> str:
    sent = requests.post(url, data={"answer": choice}, allow_redirects=False, timeout=10)
    assert sent.status_code == 303
    return sent.headers["Location"]


def test_a_new_account_can_do_nothing_yet(account: stripe.Account) -> None:
    assert (account.type, account.details_submitted, account.payouts_enabled) == ("express", False, False)
    assert account.capabilities is not None
    assert account.capabilities.transfers == "inactive"
    assert account.requirements is not None
    assert "external_account" in (account.requirements.currently_due or [])
    controller: Any = account.controller
    assert controller.stripe_dashboard.type == "express"
    assert account.to_dict()["metadata"] == {"creator": "3"}


def test_type_express_equals_the_controller(client: stripe.StripeClient) -> None:
    typed = client.v1.accounts.create({"type": "express", "country": "US"})
    assert typed.type == "express"
    both: Any = {"type": "express", "controller": EXPRESS}
    with pytest.raises(stripe.InvalidRequestError, match="type, controller"):
        client.v1.accounts.create(both)


def test_onboarding_completes_and_tells_the_connect_endpoint_only(
    client: stripe.StripeClient,
    account: stripe.Account,
    hooks: Hooks,
    platform_endpoint: Any,
    connect_endpoint: Any,
) -> None:
    page = link(client, account)
    assert "Complete everything" in requests.get(page.url, timeout=10).text
    assert answer(page.url, "complete") == "http://127.0.0.1:9/return"
    event = hooks.wait("account.updated")
    assert event["account"] == account.id
    assert event["data"]["object"]["payouts_enabled"] is True
    assert {path for path, event, _, _ in hooks.received if event["type"] == "account.updated"} == {
        "/connect"
    }
    now = client.v1.accounts.retrieve(account.id)
    assert (now.details_submitted, now.charges_enabled, now.payouts_enabled) == (True, True, True)
    assert now.capabilities is not None
    assert now.capabilities.transfers == "active"
    assert now.requirements is not None
    assert now.requirements.currently_due == []
    own = client.v1.accounts.retrieve_current({}, {"stripe_account": account.id})
    assert own.id == account.id


def test_requirements_left_due_keep_payouts_off(client: stripe.StripeClient, account: stripe.Account) -> None:
    answer(link(client, account).url, "leave")
    now = client.v1.accounts.retrieve(account.id)
    assert (now.details_submitted, now.payouts_enabled) == (True, False)
    assert now.requirements is not None
    assert now.requirements.currently_due == ["external_account", "individual.verification.document"]
    assert now.requirements.disabled_reason == "requirements.past_due"
    answer(link(client, account).url, "complete")
    assert client.v1.accounts.retrieve(account.id).payouts_enabled


def test_a_link_opens_once_and_not_for_long(
    client: stripe.StripeClient, account: stripe.Account, sim: Sim
) -> None:
    used = link(client, account)
    answer(used.url, "leave")
    assert answer(used.url, "complete") == "http://127.0.0.1:9/refresh"
    assert not client.v1.accounts.retrieve(account.id).payouts_enabled
    old = link(client, account)
    sim.post("/clock/advance", seconds=old.expires_at - old.created)
    again = requests.get(old.url, allow_redirects=False, timeout=10)
    assert again.headers["Location"] == "http://127.0.0.1:9/refresh"
    assert requests.get(old.url[:-3] + "xxx", timeout=10).status_code == 404


def test_controls_restrict_and_enable(
    client: stripe.StripeClient,
    enabled_account: stripe.Account,
    sim: Sim,
    hooks: Hooks,
    connect_endpoint: Any,
) -> None:
    sim.post(f"/accounts/{enabled_account.id}", state="restrict", requirements=["individual.id_number"])
    event = hooks.wait("account.updated")
    assert event["data"]["object"]["requirements"]["past_due"] == ["individual.id_number"]
    assert hooks.wait("capability.updated")["data"]["object"]["status"] == "inactive"
    sim.post(f"/accounts/{enabled_account.id}", state="enable")
    assert client.v1.accounts.retrieve(enabled_account.id).payouts_enabled


def test_accounts_are_updated_listed_and_deleted(
    client: stripe.StripeClient, account: stripe.Account
) -> None:
    changed = client.v1.accounts.update(
        account.id,
        {"metadata": {"creator": "4"}, "settings": {"payouts": {"schedule": {"interval": "manual"}}}},
    )
    assert changed.settings is not None
    assert changed.settings.payouts is not None
    assert changed.settings.payouts.schedule.interval == "manual"
    assert [listed.id for listed in client.v1.accounts.list().data] == [account.id]
    assert client.v1.accounts.delete(account.id).deleted
    with pytest.raises(stripe.PermissionError):
        client.v1.accounts.retrieve(account.id)
    assert client.v1.accounts.list().data == []


def test_the_express_dashboard_needs_onboarding_first(
    client: stripe.StripeClient, account: stripe.Account, sim: Sim
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="onboarding"):
        client.v1.accounts.login_links.create(account.id)
    sim.post(f"/accounts/{account.id}", state="enable")
    page = requests.get(client.v1.accounts.login_links.create(account.id).url, timeout=10)
    assert "Express dashboard" in page.text


def test_a_bank_belongs_to_an_account(client: stripe.StripeClient, enabled_account: stripe.Account) -> None:
    banks = client.v1.accounts.external_accounts.list(enabled_account.id).data
    assert client.v1.accounts.external_accounts.retrieve(enabled_account.id, banks[0].id).id == banks[0].id
    capabilities = client.v1.accounts.capabilities.list(enabled_account.id).data
    assert [(item.id, item.status) for item in capabilities] == [("transfers", "active")]
