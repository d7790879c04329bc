"""/v1/subscribe, /v1/subscriptions and their actions."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Subscription
from billing.operations import payments
from billing.stripe.client import client as stripe_client
from config.kit import clock
from tests.support import people
from tests.support.callers import Caller
from tests.support.checkout import pay
from tests.support.plans import on_sale
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def bob() -> Customer:
    """A customer who wants a plan."""
    on_sale()
    return people.open_customer("bob", external_id="bob-at-home")


@pytest.fixture
def api(client: Client, bob: Customer) -> Caller:
    """Call with Bob's own key."""
    return Caller(client, people.customer_key(bob), "/v1/subscribe")


class TestSubscribe:
    def test_a_free_plan_is_active_at_once(self, api: Caller) -> None:
        answer = api.post({"plan": "credits-free"}, key="one")

        body = answer.json()
        assert answer.status_code == 201
        assert (body["status"], body["plan"], body["fee"], body["checkout_url"]) == (
            "active",
            "credits-free",
            "0.00",
            None,
        )
        assert body["credits"] == {"credits": "5000", "usd": "5.00"}
        assert body["paid"] is True

    def test_the_same_key_gives_the_same_one(self, api: Caller) -> None:
        first = api.post({"plan": "credits-free"}, key="one")

        again = api.post({"plan": "credits-free"}, key="one")

        assert again.json() == first.json()
        assert again.headers["Idempotent-Replayed"] == "true"

    def test_a_paid_plan_leads_to_a_checkout(self, api: Caller, stripe_standin: StripeStandin) -> None:
        body = api.post({"plan": "team", "quantity": 3}).json()

        assert (body["status"], body["fee"], body["quantity"]) == ("incomplete", "75.00", 3)
        assert body["checkout_url"].startswith(stripe_standin.url)

    def test_a_trial_asks_for_a_card_and_nothing_else(
        self, api: Caller, stripe_standin: StripeStandin
    ) -> None:
        waiting = api.post({"plan": "pro", "trial": True}, key="one").json()
        assert (waiting["status"], waiting["fee"], bool(waiting["trial_end"])) == (
            "incomplete",
            "29.00",
            True,
        )
        found = Subscription.objects.get()
        session = stripe_client().v1.checkout.sessions.retrieve(found.stripe_session_id)
        assert (session.mode, session.amount_total) == ("setup", None)
        pay(stripe_standin, found.stripe_session_id)
        payments.fulfil(session_id=found.stripe_session_id, now=clock.now())

        body = api.get(f"/v1/subscriptions/{found.public_id}").json()

        assert (body["status"], body["paid"]) == ("active", True)
        assert body["trial_end"] == body["current_period"]["to"]
        again = api.post({"plan": "pro", "trial": True}, key="two")
        assert (again.status_code, again.json()["code"]) == (409, "already_subscribed")
        api.post({"at": "now"}, path=f"/v1/subscriptions/{found.public_id}/cancel")
        again = api.post({"plan": "pro", "trial": True}, key="three")
        assert (again.status_code, again.json()["code"]) == (409, "trial_used")

    def test_what_is_not_paid_is_not_changed(self, api: Caller, stripe_standin: StripeStandin) -> None:
        waiting = api.post({"plan": "pro"}).json()["id"]

        for step in ("preview", "change"):
            answer = api.post({"plan": "free"}, path=f"/v1/subscriptions/{waiting}/{step}")
            assert answer.status_code == 409, answer.json()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"plan": "pro", "agent": "echo"},
            {"plan": "pro", "quantity": 0},
            {"plan": "team", "trial": True},
            {"agent": "echo", "trial": True},
            {"plan": "pro", "quantity": 1.5},
            {"plan": "pro", "zone": "Nowhere"},
            {"plan": "pro", "colour": "red"},
            {"plan": ["pro"]},
            {"plan": "p" * 100},
        ],
    )
    def test_bad_input_is_told_and_changes_nothing(self, api: Caller, body: dict[str, Any]) -> None:
        answer = api.post(body)

        assert answer.status_code == 400
        assert not Subscription.objects.exists()

    def test_no_plan_is_404(self, api: Caller) -> None:
        assert api.post({"plan": "platinum"}).json()["code"] == "plan_not_found"


class TestActions:
    @pytest.fixture
    def mine(self, api: Caller, stripe_standin: StripeStandin) -> Subscription:
        api.post({"plan": "team", "quantity": 2}, key="one")
        found = Subscription.objects.get()
        pay(stripe_standin, found.stripe_session_id)
        payments.fulfil(session_id=found.stripe_session_id, now=clock.now())
        return found

    def test_it_lists_and_reads(self, api: Caller, mine: Subscription) -> None:
        listed = api.get("/v1/subscriptions").json()["results"]
        read = api.get(f"/v1/subscriptions/{mine.public_id}").json()

        assert listed == [read]
        assert (read["status"], read["name"], read["paid"]) == ("active", "Team", True)

    def test_a_change_is_shown_first(self, api: Caller, mine: Subscription) -> None:
        path = f"/v1/subscriptions/{mine.public_id}"

        more = api.post({"quantity": 4}, path=f"{path}/preview").json()
        less = api.post({"plan": "pro"}, path=f"{path}/preview").json()

        assert [line["text"] for line in more["lines"]] == ["2 more seats"]
        assert (more["fee"], less["fee"], less["lines"], less["due"]) == ("100.00", "29.00", [], "0.00")

    def test_less_is_pending(self, api: Caller, mine: Subscription) -> None:
        body = api.post({"plan": "pro"}, path=f"/v1/subscriptions/{mine.public_id}/change").json()

        assert body["pending"] == {"plan": "pro", "tier": "Pro", "quantity": 1}
        assert (body["plan"], body["quantity"]) == ("team", 2)

    def test_it_cancels_keeps_pauses_and_resumes(self, api: Caller, mine: Subscription) -> None:
        path = f"/v1/subscriptions/{mine.public_id}"

        told = [
            api.post(body, path=f"{path}/{step}").json()
            for step, body in [
                ("cancel", {}),
                ("keep", {}),
                ("pause", {}),
                ("resume", {}),
                ("cancel", {"at": "now"}),
            ]
        ]

        assert [each["status"] for each in told] == ["active", "active", "paused", "active", "cancelled"]
        assert [bool(each["cancel_at"]) for each in told] == [True, False, False, False, False]

    def test_what_is_over_is_a_conflict(self, api: Caller, mine: Subscription) -> None:
        path = f"/v1/subscriptions/{mine.public_id}"
        api.post({"at": "now"}, path=f"{path}/cancel")

        assert api.post({}, path=f"{path}/pause").status_code == 409

    @pytest.mark.parametrize("body", [{"quantity": 0}, {"plan": "nothing"}, {"tier": "x"}, {"seats": 3}])
    def test_bad_changes_are_refused(self, api: Caller, mine: Subscription, body: dict[str, Any]) -> None:
        assert api.post(body, path=f"/v1/subscriptions/{mine.public_id}/change").status_code == 400

    @pytest.mark.parametrize("step", ["", "/preview", "/change", "/cancel", "/keep", "/pause", "/resume"])
    def test_strangers_find_nothing(self, client: Client, mine: Subscription, step: str) -> None:
        charlie = Caller(client, people.customer_key(people.open_customer("charlie")), "")
        path = f"/v1/subscriptions/{mine.public_id}{step}"

        answer = charlie.post({}, path=path) if step else charlie.get(path)

        assert answer.status_code == 404
