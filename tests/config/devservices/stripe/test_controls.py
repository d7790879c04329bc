"""The control API itself."""

from typing import Any

import pytest
import requests
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe.conftest import Sim


def test_health_says_ready(sim: Sim) -> None:
    assert sim.get("/health")["status"] == "ok"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/nonsense", {}, 404),
        ("/clock/advance", {}, 400),
        ("/clock/advance", {"days": -1}, 400),
        ("/clock/advance", {"days": "x"}, 400),
        ("/balance/topup", {}, 400),
        ("/balance/topup", {"amount": 5.5}, 400),
        ("/balance/topup", {"amount": 5, "colour": "red"}, 400),
        ("/settings", {"pending_days": "soon"}, 400),
        ("/checkout/sessions/cs_test_none/complete", {}, 404),
        ("/accounts/acct_none", {"state": "enable"}, 403),
        ("/charges/ch_none/dispute", {}, 404),
        ("/payouts/po_none/pay", {}, 404),
        ("/webhooks/resend", {"event": "evt_none"}, 404),
    ],
)
def test_bad_controls_are_refused(sim: Sim, path: str, body: Any, status: int) -> None:
    assert requests.post(f"{sim.url}/_sim{path}", json=body, timeout=10).status_code == status


@pytest.mark.parametrize("body", ["[]", "{", '"x"', "\xff"])
def test_a_body_that_is_no_object_is_refused(sim: Sim, body: str) -> None:
    sent = requests.post(f"{sim.url}/_sim/clock/advance", data=body.encode("latin-1"), timeout=10)
    assert sent.status_code == 400


def test_an_unknown_account_state_is_refused(sim: Sim, account: stripe.Account) -> None:
    answer = requests.post(f"{sim.url}/_sim/accounts/{account.id}", json={"state": "happy"}, timeout=10)
    assert answer.status_code == 400


def test_reset_forgets_everything(
    client: stripe.StripeClient, sim: Sim, customer: stripe.Customer, platform_endpoint: Any
) -> None:
    sim.post("/reset", keep_webhooks=True)
    assert client.v1.customers.list().data == []
    assert len(client.v1.webhook_endpoints.list().data) == 1
    sim.post("/reset")
    assert client.v1.webhook_endpoints.list().data == []


def test_time_only_goes_on(sim: Sim) -> None:
    before = sim.get("/clock")["now"]
    assert sim.post("/clock/advance", days=1, seconds=5)["offset"] == 86_405
    assert sim.get("/clock")["now"] - before == pytest.approx(86_405, abs=5)


def test_the_dashboard_shows_what_happened(
    client: stripe.StripeClient,
    sim: Sim,
    standin: StandIn,
    enabled_account: stripe.Account,
    platform_endpoint: Any,
) -> None:
    sim.post("/balance/topup", amount=123_456)
    transfer = client.v1.transfers.create(
        {
            "amount": 700,
            "currency": "usd",
            "destination": enabled_account.id,
            "transfer_group": "<b>batch</b>",
        }
    )
    page = requests.get(standin.url, timeout=10).text
    for text in (
        "1,227.56 USD",
        "7.00 USD",
        transfer.id,
        enabled_account.id,
        "transfer.created",
        "&lt;b&gt;batch",
    ):
        assert text in page
    detail = requests.get(f"{standin.url}/objects/{transfer.id}", timeout=10).text
    assert "destination_payment" in detail
    assert (
        "_payout"
        not in requests.get(f"{standin.url}/objects/{transfer.balance_transaction}", timeout=10).text
    )
    assert requests.get(f"{standin.url}/objects/tr_none", timeout=10).status_code == 404
    assert requests.get(f"{standin.url}/nonsense", timeout=10).status_code == 404


def test_the_dashboards_buttons_work_and_return(sim: Sim, standin: StandIn, enabled_account: Any) -> None:
    browser = {"Accept": "text/html"}
    answer = requests.post(
        f"{standin.url}/_sim/clock/advance",
        data={"days": "1"},
        headers=browser,
        allow_redirects=False,
        timeout=10,
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert sim.get("/clock")["offset"] == 86_400
