import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import ApiKey, Customer, User
from billing.stripe.client import client as stripe_client
from config.kit import clock
from marketplace.models import Agent, Creator
from marketplace.queries.plans import plans
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books", "stripe_standin")]

BASE = "http://127.0.0.1:8123"


def seed(folder: Path) -> dict[str, Any]:
    out = folder / "state" / "demo.json"
    call_command("seed_demo", "--out", str(out), "--base-url", BASE)
    return dict(json.loads(out.read_text()))


def balance(api: Client, key: str) -> Any:
    return api.get("/v1/wallet/balance", headers={"Authorization": f"Bearer {key}"})


def test_it_writes_what_opens_the_demo(tmp_path: Path, stripe_standin: StripeStandin) -> None:
    demo = seed(tmp_path)
    people = ["admin", "approver", "consumer", "creator", "router", "service"]
    assert list(demo) == ["base_url", "stripe_url", *people, "agents"]
    assert (demo["base_url"], demo["stripe_url"]) == (BASE, stripe_standin.url)
    for role in ("admin", "approver", "consumer", "creator"):
        assert set(demo[role]) == {"id", "email", "password", "api_key"}
    for role in ("admin", "approver"):
        assert demo[role]["id"] == User.objects.get(email=demo[role]["email"], is_superuser=True).public_id
    assert Customer.objects.filter(public_id=demo["consumer"]["id"]).exists()
    assert Creator.objects.filter(public_id=demo["creator"]["id"]).exists()
    assert [(agent["slug"], agent["pricing_model"]) for agent in demo["agents"]] == [
        ("per-request", "usage_based"),
        ("per-token", "usage_based"),
        ("per-minute", "usage_based"),
        ("subscribed", "subscription"),
        ("free", "free"),
    ]
    assert Agent.objects.filter(status=Agent.Status.PUBLISHED, listed=True).count() == 5
    assert "pro" in [plan.slug for plan in plans(at=clock.now())]


def test_its_keys_and_passwords_open(tmp_path: Path, client: Client) -> None:
    demo = seed(tmp_path)
    answer = balance(client, demo["consumer"]["api_key"])
    assert (answer.status_code, answer.json()["balance"]["credits"]) == (200, "0")
    for role in ("admin", "approver", "consumer", "creator"):
        assert Client().login(email=demo[role]["email"], password=demo[role]["password"])
    router = {"Authorization": f"Bearer {demo['router']['api_key']}"}
    asked = {"agent": "per-request", "caller": demo["consumer"]["id"], "usage": {"request": 1}}
    checked = client.post("/internal/usage/check", asked, content_type="application/json", headers=router)
    assert (checked.status_code, checked.json()["allowed"]) == (200, False)
    assert checked.json()["required"]["credits"] == "50"


def test_it_registers_the_webhook_endpoints_once(tmp_path: Path) -> None:
    seed(tmp_path)
    seed(tmp_path)
    found = stripe_client().v1.webhook_endpoints.list().data
    assert len(found) == 2
    assert all(one.url.startswith(BASE) for one in found)


def test_it_changes_nothing_the_second_time(tmp_path: Path) -> None:
    first = seed(tmp_path)
    counts = [model.objects.count() for model in (User, Customer, ApiKey, Agent)]
    assert seed(tmp_path) == first
    assert [model.objects.count() for model in (User, Customer, ApiKey, Agent)] == counts


def test_it_hands_out_new_secrets_when_the_file_is_lost(tmp_path: Path, client: Client) -> None:
    first = seed(tmp_path)
    (tmp_path / "state" / "demo.json").unlink()
    second = seed(tmp_path)
    assert second["consumer"]["id"] == first["consumer"]["id"]
    assert balance(client, second["consumer"]["api_key"]).status_code == 200
    assert balance(client, first["consumer"]["api_key"]).status_code == 401


def test_it_is_refused_in_production(tmp_path: Path, settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        seed(tmp_path)
    assert not User.objects.exists()
