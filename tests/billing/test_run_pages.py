"""The pages of runs: estimate, run once, watch, receipt, lists."""

import datetime as dt

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Execution
from billing.operations import page_runs, posting
from config.kit import clock
from marketplace import creators
from marketplace.models import Agent
from tests.support import ledger, people, runs
from wallets import seals

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def bob(client: Client) -> Customer:
    """Bob, signed in, with 1,000 credits."""
    user, customer = people.sign_up("bob")
    ledger.buy(runs.wallet_of(customer), cents=100)
    client.force_login(user)
    return customer


@pytest.fixture
def agent() -> Agent:
    """An agent of 1 credit per 1,000 input and 3 per 1,000 output tokens."""
    return runs.make_agent("per-token", manifest=runs.PER_TOKEN, now=runs.LONG_AGO)


TOKENS = {"usage-input_tokens": "1000", "usage-output_tokens": "500"}
PATH = "/agents/per-token/run/"


def start(client: Client, **changes: str) -> Execution:
    """Run the agent from its page."""
    answer = client.post(PATH, {"key": "k1", "action": "run", **TOKENS, **changes})
    assert answer.status_code == 302, answer.content.decode()
    return Execution.objects.get(public_id=answer.headers["Location"].split("/")[2])


def test_it_estimates_before_it_runs(client: Client, bob: Customer, agent: Agent) -> None:
    answer = client.post(PATH, {"key": "k1", "action": "estimate", **TOKENS})
    assert answer.context["estimate"].amount == 2_500_000
    assert not Execution.objects.exists()


def test_a_run_reserves_then_settles_and_has_a_receipt(client: Client, bob: Customer, agent: Agent) -> None:
    run = start(client)
    page = client.get(f"/runs/{run.public_id}/").content.decode()
    assert "every 2s" in page
    page_runs.finish(execution=run.public_id, now=clock.now())
    posting.post_splits(now=clock.now())
    live = client.get(f"/runs/{run.public_id}/live/").content.decode()
    assert "every 2s" not in live
    assert "Settled at 2.5 credits" in live
    receipt = client.get(f"/runs/{run.public_id}/receipt/")
    assert [line.amount for line in receipt.context["receipt"].lines] == [1_000_000, 1_500_000]
    assert [part.amount for part in receipt.context["receipt"].split] == [2_000_000, 500_000]
    assert runs.wallet_of(bob).balance == runs.credits("997.5")


def test_the_receipt_page_shows_its_seal_once_it_is_sealed(
    client: Client, bob: Customer, agent: Agent
) -> None:
    run = start(client)
    page_runs.finish(execution=run.public_id, now=clock.now())
    path = f"/runs/{run.public_id}/receipt/"
    assert "Chain hash" not in client.get(path).content.decode()

    seals.seal_waiting(now=clock.now())

    run.refresh_from_db()
    assert seals.hash_of(transaction_id=run.settlement_id) in client.get(path).content.decode()


def test_a_double_click_runs_once(client: Client, bob: Customer, agent: Agent) -> None:
    assert start(client) == start(client)
    other = start(client, **{"usage-input_tokens": "2000"})
    assert Execution.objects.count() == 2
    assert other.held == 3_500_000


def test_a_run_left_behind_is_finished_by_the_sweeper(client: Client, bob: Customer, agent: Agent) -> None:
    run = start(client)
    assert page_runs.finish_left_behind(now=clock.now()) == 0
    assert page_runs.finish_left_behind(now=clock.now() + dt.timedelta(seconds=11)) == 1
    assert page_runs.finish_left_behind(now=clock.now() + dt.timedelta(seconds=11)) == 0
    run.refresh_from_db()
    assert (run.state, run.charged) == ("settled", 2_500_000)


def test_what_the_wallet_does_not_cover_is_explained(client: Client, bob: Customer, agent: Agent) -> None:
    answer = client.post(PATH, {"key": "k1", "action": "run", "usage-input_tokens": "2000000"})
    assert answer.context["refusal"]["shortfall"] == runs.credits(1000)
    assert b"/wallet/add/" in answer.content
    assert not Execution.objects.exists()


@pytest.mark.parametrize("typed", ["-1", "NaN", "many", "1e400", "9" * 30])
def test_nonsense_is_marked_at_its_field(client: Client, bob: Customer, agent: Agent, typed: str) -> None:
    answer = client.post(PATH, {"key": "k1", "action": "run", "usage-input_tokens": typed})
    assert answer.status_code == 400
    assert next(f for f in answer.context["fields"] if f.metric == "input_tokens").error
    assert not Execution.objects.exists()


def test_a_creator_is_warned_of_its_own_agent(client: Client) -> None:
    user, customer = people.sign_up("alice")
    alice = creators.open_creator(customer=customer, display_name="Alice", now=runs.LONG_AGO)
    runs.make_agent("own", creator=alice, now=runs.LONG_AGO)
    client.force_login(user)
    assert b"This is your own agent" in client.get("/agents/own/run/").content


def test_another_customers_run_is_404(client: Client, bob: Customer, agent: Agent) -> None:
    run = start(client)
    client.force_login(people.sign_up("charlie")[0])
    for part in ("", "live/", "receipt/"):
        assert client.get(f"/runs/{run.public_id}/{part}").status_code == 404
    assert client.get("/agents/nobody/run/").status_code == 404


def test_lists_show_what_was_run(client: Client, bob: Customer, agent: Agent) -> None:
    run = start(client)
    page_runs.finish(execution=run.public_id, now=clock.now())
    listed = client.get("/runs/", {"state": "settled", "agent": "per-token"})
    assert [row.public_id for row in listed.context["runs"]] == [run.public_id]
    assert client.get("/runs/", {"state": "expired"}).context["runs"] == []
    assert client.get("/runs/", {"state": "nonsense"}).status_code == 400
    for group in ("agent", "model", "day"):
        answer = client.get("/usage/", {"group_by": group})
        assert answer.context["total"]["cost"] == 2_500_000
        table = client.get("/usage/", {"group_by": group, "format": "csv"}).content.decode()
        assert table.splitlines()[1].endswith("2.5,100")


def test_an_agent_priced_by_model_offers_the_models_of_its_card(client: Client, bob: Customer) -> None:
    manifest = 'pricing:\n  model: usage_based\n  rate_card: "standard"\n  default_hold: 10\n'
    runs.make_agent("by-model", manifest=manifest, now=runs.LONG_AGO)
    path = "/agents/by-model/run/"
    assert "<option>anthropic/claude-haiku</option>" in client.get(path).content.decode()
    typed = {"key": "k1", "action": "run", "model": "anthropic/claude-haiku", **TOKENS}
    answer = client.post(path, typed)
    assert answer.status_code == 302, answer.content.decode()
    run = Execution.objects.get()
    page_runs.finish(execution=run.public_id, now=clock.now())
    run.refresh_from_db()
    assert (run.model, run.charged) == ("anthropic/claude-haiku", 1_750_000)
    assert "tokens" in client.get("/agents/by-model/").content.decode().lower()
