"""The platform's features over the router's API: unlisted agents, refused to no key that may check and log."""

from typing import Any

import pytest
from django.test import Client

from tests.support import people, runs
from tests.support.callers import Caller
from tests.support.catalogue import publish
from wallets.money import cents_to_credits, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def asked(customer: str, feature: str, metric: str) -> dict[str, Any]:
    """Ask for one use of a feature."""
    return {"agent": feature, "caller": customer, "usage": {metric: 1}}


def test_a_router_reserves_and_settles_a_feature(client: Client) -> None:
    publish()
    bob = runs.make_customer(credits=1_000)
    router = Caller(client, people.router_key(), "/internal/usage/check")

    held = router.post(asked(bob.public_id, "heavy", "heavy_runs") | {"reserve": True}).json()
    said = {"execution": held["execution"], "usage": {"heavy_runs": 1}, "event_id": "h", "outcome": "success"}
    settled = router.post(said, path="/internal/usage/log").json()

    assert held["allowed"] is True
    assert settled["status"] == "settled"
    assert settled["charged"]["credits"] == text(cents_to_credits(25))
    assert settled["split"]["creator"]["credits"] == "0"


def test_a_feature_without_credits_is_refused_by_the_wallet(client: Client) -> None:
    publish()
    bob = runs.make_customer()
    router = Caller(client, people.router_key(), "/internal/usage/check")

    told = router.post(asked(bob.public_id, "fast", "fast_runs")).json()

    assert (told["allowed"], told["blocking_gate"]) == (False, "wallet")


def test_an_execution_without_a_plan_is_refused_by_the_quota(client: Client) -> None:
    publish()
    bob = runs.make_customer(credits=1_000)
    router = Caller(client, people.router_key(), "/internal/usage/check")

    told = router.post(asked(bob.public_id, "execution", "execution")).json()

    assert (told["allowed"], told["blocking_gate"]) == (False, "quota")
