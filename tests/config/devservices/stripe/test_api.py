"""What holds for every endpoint: keys, errors, paging, expansion, unknown parameters."""

from typing import Any

import pytest
import requests
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe.conftest import API_VERSION, KEY, connect

AUTH = {"Authorization": f"Bearer {KEY}"}


def test_the_platform_is_an_account(client: stripe.StripeClient) -> None:
    account = client.v1.accounts.retrieve_current()
    assert account.id.startswith("acct_")
    assert account.settings is not None
    assert account.settings.branding.icon is None
    assert client.v1.accounts.retrieve(account.id).payouts_enabled
    own = client.v1.customers.create({"email": "a@example.com"}, {"stripe_account": account.id})
    assert client.v1.customers.retrieve(own.id).email == "a@example.com"


@pytest.mark.parametrize(
    "header", ["", "Bearer sk_live_123456789", "Bearer nonsense", "Basic !!!", "Bearer "]
)
def test_it_refuses_strangers(standin: StandIn, header: str) -> None:
    answer = requests.get(f"{standin.url}/v1/account", headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_it_takes_basic_and_bearer_and_echoes(standin: StandIn) -> None:
    basic = requests.get(f"{standin.url}/v1/account", auth=(KEY, ""), timeout=10)
    assert basic.status_code == 200
    bearer = requests.get(
        f"{standin.url}/v1/account", headers={**AUTH, "Stripe-Version": "2026-01-01.x"}, timeout=10
    )
    assert bearer.headers["Stripe-Version"] == "2026-01-01.x"
    assert bearer.headers["Request-Id"].startswith("req_")
    assert basic.headers["Stripe-Version"] == API_VERSION


def test_the_sdk_sees_its_own_error_classes(client: stripe.StripeClient, standin: StandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError) as lost:
        client.v1.customers.retrieve("cus_nobody")
    assert (lost.value.http_status, lost.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient("sk_live_" + "4" * 24, base_addresses={"api": standin.url}).v1.balance.retrieve()
    with pytest.raises(stripe.PermissionError) as foreign:
        client.v1.balance.retrieve({}, {"stripe_account": "acct_stranger"})
    assert foreign.value.error is not None
    assert foreign.value.error.code == "account_invalid"


def test_unknown_urls_are_404(standin: StandIn) -> None:
    for path in ("/v1/nonsense", "/v1/customers/", "/v2/core/accounts"):
        answer = requests.get(standin.url + path, headers=AUTH, timeout=10)
        assert answer.status_code == 404
        assert "Unrecognized request URL" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/customers", "colour=red", "parameter_unknown"),
        ("/v1/customers", "address[planet]=x&metadata[x][y]=1", None),
        ("/v1/transfers", "currency=usd&destination=acct_1", "parameter_missing"),
        ("/v1/transfers", "amount=1.5&currency=usd&destination=a", "parameter_invalid_integer"),
        ("/v1/transfers", "amount=-5&currency=usd&destination=a", "parameter_invalid_integer"),
        (
            "/v1/transfers",
            "amount=99999999999999999999&currency=usd&destination=a",
            "parameter_invalid_integer",
        ),
        ("/v1/transfers", "amount=NaN&currency=usd&destination=a", "parameter_invalid_integer"),
        ("/v1/payment_intents", "amount=100&currency=usd&confirm=maybe", None),
        ("/v1/payment_intents", "amount=0&currency=usd", "parameter_invalid_integer"),
        ("/v1/payment_intents", "amount=100&currency=dollars", None),
        ("/v1/customers", "email=%00", None),
        ("/v1/customers", "email=%ff", None),
        ("/v1/customers", "a" + "[b]" * 20 + "=1", None),
        ("/v1/customers", "metadata=x&metadata[a]=b", None),
        ("/v1/customers", f"metadata[a]={'x' * 501}", None),
        ("/v1/customers", "&".join(f"metadata[k{n}]=v" for n in range(51)), None),
        ("/v1/customers", f"name={'x' * 600}", "parameter_invalid_string"),
    ],
)
def test_bad_parameters_are_400_and_change_nothing(
    standin: StandIn, path: str, body: str, code: str | None
) -> None:
    headers = {**AUTH, "Content-Type": "application/x-www-form-urlencoded"}
    standin.server.application.check = None
    answer = requests.post(standin.url + path, data=body, headers=headers, timeout=10)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"].get("code") == code
    assert standin.store.rows("SELECT count(*) AS n FROM objects")[0]["n"] == 0


def test_a_huge_body_is_413(standin: StandIn) -> None:
    answer = requests.post(f"{standin.url}/v1/customers", data="x" * 1_500_000, headers=AUTH, timeout=10)
    assert answer.status_code == 413


def test_customers_live_a_whole_life(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "a@example.com", "metadata": {"a": "1", "b": "2"}})
    changed = client.v1.customers.update(customer.id, {"name": "Ann", "metadata": {"b": "", "c": "3"}})
    assert changed.to_dict()["metadata"] == {"a": "1", "c": "3"}
    assert (changed.name, changed.discount) == ("Ann", None)
    assert client.v1.customers.delete(customer.id).deleted
    gone: Any = client.v1.customers.retrieve(customer.id)
    assert gone.deleted
    assert client.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.update(customer.id, {"name": "Ghost"})


def test_lists_page_both_ways(client: stripe.StripeClient) -> None:
    made = [client.v1.customers.create({"email": f"c{number}@example.com"}).id for number in range(7)][::-1]
    first = client.v1.customers.list({"limit": 3})
    assert ([c.id for c in first.data], first.has_more) == (made[:3], True)
    second = client.v1.customers.list({"limit": 3, "starting_after": made[2]})
    assert [c.id for c in second.data] == made[3:6]
    back = client.v1.customers.list({"limit": 2, "ending_before": made[3]})
    assert ([c.id for c in back.data], back.has_more) == (made[1:3], True)
    assert [c.id for c in first.auto_paging_iter()] == made
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list({"limit": 101})
    assert client.v1.customers.list({"email": "c3@example.com"}).data[0].id == made[3]


def test_events_can_be_listed_by_type_and_time(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "a@example.com"})
    client.v1.customers.update(customer.id, {"name": "Ann"})
    client.v1.products.create({"name": "Credits"})
    types = [event.type for event in client.v1.events.list().data]
    assert types == ["product.created", "customer.updated", "customer.created"]
    assert len(client.v1.events.list({"type": "customer.*"}).data) == 2
    assert len(client.v1.events.list({"types": ["customer.updated", "product.created"]}).data) == 2
    now = client.v1.events.list().data[0].created
    assert client.v1.events.list({"created": {"gt": now + 5}}).data == []
    assert len(client.v1.events.list({"created": {"gte": now - 60}}).data) == 3
    event = client.v1.events.retrieve(client.v1.events.list({"type": "customer.updated"}).data[0].id)
    assert event.data.to_dict()["previous_attributes"] == {"name": None}
    assert str(event.to_dict()["request"]["id"]).startswith("req_")


def test_prices_and_products(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Credits", "metadata": {"kind": "prepaid"}})
    price = client.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 5000, "lookup_key": "prepaid-50"}
    )
    found = client.v1.prices.list({"lookup_keys": ["prepaid-50"], "expand": ["data.product"]}).data[0]
    assert found.id == price.id
    assert found.product.name == "Credits"  # type: ignore[union-attr]
    client.v1.prices.update(price.id, {"active": False})
    assert client.v1.prices.list({"active": True}).data == []
    assert client.v1.products.retrieve(product.id).active


def test_what_cannot_be_expanded_is_refused(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.customers.retrieve(customer.id, {"expand": ["favourite_colour"]})


def test_cards_attach_and_detach(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    future: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    card = client.v1.payment_methods.create({"type": "card", "card": future})
    client.v1.payment_methods.attach(card.id, {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})
    assert [c.id for c in client.v1.customers.payment_methods.list(customer.id).data] == [card.id]
    client.v1.payment_methods.detach(card.id)
    assert client.v1.payment_methods.list({"customer": customer.id}).data == []
    settings = client.v1.customers.retrieve(customer.id).invoice_settings
    assert settings is not None
    assert settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(card.id, {"customer": customer.id})
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})


def test_a_setup_intent_saves_a_card(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = client.v1.setup_intents.create({"customer": customer.id, "usage": "off_session"})
    done = client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert done.status == "succeeded"
    assert client.v1.payment_methods.list({"customer": customer.id}).data[0].id == done.payment_method
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.setup_intents.cancel(intent.id)


def test_the_sdk_retries_lost_answers_with_one_key(standin: StandIn) -> None:
    client = connect(standin.url, retries=2)
    requests.post(
        f"{standin.url}/_sim/faults",
        json={"kind": "drop_after", "path": "/v1/customers", "count": 2},
        timeout=10,
    )
    customer = client.v1.customers.create({"email": "once@example.com"})
    assert [c.id for c in client.v1.customers.list().data] == [customer.id]
