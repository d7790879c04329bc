"""The judge itself: it accepts what Stripe publishes, and finds what is wrong."""

import pytest

from tests.config.devservices.stripe import contract

needs_samples = pytest.mark.skipif(
    not contract.FIXTURES.exists(), reason="Stripe's samples are not at hand (set FAREBOX_SHARED)"
)


@needs_samples
@pytest.mark.parametrize(
    "name",
    ["customer", "checkout.session", "transfer", "payout", "refund", "dispute", "account", "balance"],
)
def test_it_accepts_stripes_own_samples(name: str) -> None:
    assert contract.answer_problems(contract.fixtures()[name]) == []


@needs_samples
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"amount": "5"}, "int was expected"),
        ({"colour": "red"}, "not in Transfer"),
        ({"reversals": []}, "list object"),
        ({"destination": 5}, "destination"),
        ({"created": None}, "created"),
    ],
)
def test_it_finds_a_wrong_answer(change: dict[str, object], problem: str) -> None:
    transfer = {**contract.fixtures()["transfer"], **change}
    assert problem in str(contract.answer_problems(transfer))


@needs_samples
def test_it_finds_a_lacking_key() -> None:
    transfer = dict(contract.fixtures()["transfer"])
    del transfer["reversals"]
    assert "reversals" in str(contract.answer_problems(transfer))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (
            "/v1/transfers",
            {"amount": "500", "currency": "usd", "destination": "acct_1", "metadata": {"a": "b"}},
        ),
        (
            "/v1/account_links",
            {"account": "a", "type": "account_onboarding", "refresh_url": "u", "return_url": "u"},
        ),
        ("/v1/payment_intents", {"amount": "5", "currency": "usd", "confirm": "true", "off_session": "true"}),
        ("/v1/webhook_endpoints", {"url": "u", "enabled_events": {"0": "*"}, "connect": "true"}),
    ],
)
def test_it_accepts_good_requests(path: str, form: contract.Json) -> None:
    assert contract.request_problems("POST", path, form) == []


@pytest.mark.parametrize(
    ("path", "form", "problem"),
    [
        ("/v1/transfers", {"amount": "5", "destination": "a", "currrency": "usd"}, "unknown parameter"),
        ("/v1/transfers", {"amount": "5"}, "[currency]: missing"),
        ("/v1/transfers", {"amount": "x", "currency": "usd", "destination": "a"}, "'x' is not"),
        ("/v1/account_links", {"account": "a", "type": "onboarding"}, "not one of"),
        ("/v1/checkout/sessions", {"mode": "credits"}, "not one of"),
        ("/v1/payment_intents", {"amount": "5", "currency": "usd", "confirm": "maybe"}, "confirm"),
        (
            "/v1/webhook_endpoints",
            {"url": "u", "enabled_events": {"0": "refund.createdd"}},
            "refund.createdd",
        ),
        ("/v1/credits", {}, "makes no call"),
    ],
)
def test_it_finds_a_wrong_request(path: str, form: contract.Json, problem: str) -> None:
    assert problem in str(contract.request_problems("POST", path, form))
