"""The creator's pages: what they show, to whom."""

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from marketplace.models import Creator
from payouts.models import PayoutAccount
from payouts.operations import sending
from tests.support import people
from tests.support import runs as agent_runs
from tests.support.creators import (
    NOW,
    PAY_DAY,
    approved,
    change_account,
    connect_stripe,
    earning_creator,
)
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books", "_that_monday")]

LATER = NOW + dt.timedelta(hours=3)


@pytest.fixture
def _that_monday() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


def signed_in(creator: Creator) -> Client:
    user = User.objects.create_user(f"{creator.slug}@people.example", "correct horse battery")
    Membership.objects.create(user=user, customer=creator.customer, created_at=NOW)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(client: Client, name: str, *args: str, **query: str) -> str:
    answer = client.get(reverse(f"payouts:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


class TestOverview:
    def test_it_shows_earnings_and_the_next_wednesday(self) -> None:
        text = page(signed_in(earning_creator()), "overview")
        for seen in (
            "4,000",
            "Wednesday, 11 March",
            "$4.00",
            "2 Mar",
            "8 Mar 2026",
            "Stripe is not connected yet.",
        ):
            assert seen in text

    def test_it_is_a_checklist_before_the_first_run(self) -> None:
        text = page(signed_in(agent_runs.make_creator()), "overview")
        assert "Publish an agent" in text
        assert "No earnings yet" in text

    def test_somebody_who_is_no_creator_is_led_to_become_one(self) -> None:
        user, _ = people.sign_up("carol")
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get(reverse("payouts:overview")).headers["Location"] == reverse(
            "marketplace:become_creator"
        )

    def test_strangers_sign_in_first(self, client: Client) -> None:
        for name in ("overview", "earnings", "payouts", "connect"):
            assert client.get(reverse(f"payouts:{name}")).status_code == 302


class TestEarnings:
    @pytest.mark.parametrize(("group_by", "label"), [("day", "Mon 2 Mar 2026"), ("agent", "Alice-Echo")])
    def test_it_shows_the_sums_by_day_and_agent(self, group_by: str, label: str) -> None:
        text = page(signed_in(earning_creator()), "earnings", group_by=group_by, period="7d")
        for seen in ("5,000", "1,000", "4,000", label):
            assert seen in text

    def test_an_unknown_period_is_the_default_one(self) -> None:
        assert "4,000" in page(signed_in(earning_creator()), "earnings", period="1000y", group_by="x")


class TestPayouts:
    def test_it_shows_its_lines_and_history(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        sending.send_approved(now=PAY_DAY)
        payout.refresh_from_db()
        client = signed_in(alice)
        assert "$4.00" in page(client, "payouts")
        text = page(client, "payout", payout.public_id)
        for seen in ("Alice-Echo", "2 Mar 2026", "In your Stripe balance", str(payout.stripe_transfer_id)):
            assert seen in text

    def test_another_creators_payout_is_not_found(self, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        stranger = signed_in(agent_runs.make_creator("dora"))
        assert stranger.get(reverse("payouts:payout", args=[payout.public_id])).status_code == 404

    def test_a_broken_cursor_is_a_clear_page(self) -> None:
        answer = signed_in(agent_runs.make_creator()).get(reverse("payouts:payouts"), {"cursor": "x"})
        assert answer.status_code == 400


class TestConnect:
    def test_starting_leads_to_stripe_and_back_here(self, stripe_standin: StripeStandin) -> None:
        alice = agent_runs.make_creator()
        client = signed_in(alice)
        assert "Connect Stripe to be paid" in page(client, "connect")
        answer = client.post(reverse("payouts:connect_start"))
        assert answer.headers["Location"].startswith(stripe_standin.url)
        assert "Continue at Stripe" in page(client, "connect")

    def test_a_link_does_not_make_an_account(self, stripe_standin: StripeStandin) -> None:
        client = signed_in(agent_runs.make_creator())
        assert client.get(reverse("payouts:connect_start")).status_code == 405
        assert client.get(reverse("payouts:connect_refresh")).headers["Location"] == reverse(
            "payouts:connect"
        )
        assert not PayoutAccount.objects.exists()

    def test_a_stale_link_is_replaced_by_a_fresh_one(self, stripe_standin: StripeStandin) -> None:
        alice = agent_runs.make_creator()
        connect_stripe(alice, stripe_standin, state="new")
        client = signed_in(alice)
        links = {client.get(reverse("payouts:connect_refresh")).headers["Location"] for _ in range(2)}
        assert len(links) == 2
        assert all(link.startswith(stripe_standin.url) for link in links)

    def test_it_says_in_plain_words_what_is_missing(self, stripe_standin: StripeStandin) -> None:
        alice = agent_runs.make_creator()
        account = connect_stripe(alice, stripe_standin)
        client = signed_in(alice)
        assert "You are set up" in page(client, "connect")
        change_account(account, stripe_standin, state="restricted")
        text = page(client, "connect")
        assert "A bank account to pay to" in text
        assert "An identity document" in text

    def test_it_says_so_when_stripe_is_down(self, stripe_standin: StripeStandin) -> None:
        client = signed_in(agent_runs.make_creator())
        stripe_standin.post("/_sim/faults", kind="error_before", path="/v1/accounts", count=0)
        answer = client.post(reverse("payouts:connect_start"), follow=True)
        assert "Payments are not available at the moment" in answer.content.decode()
        assert PayoutAccount.objects.get().stripe_account_id is None

    def test_the_dashboard_needs_an_account(self, stripe_standin: StripeStandin) -> None:
        alice = agent_runs.make_creator()
        client = signed_in(alice)
        refused = client.post(reverse("payouts:connect_dashboard"), follow=True)
        assert "Stripe is not connected yet" in refused.content.decode()
        connect_stripe(alice, stripe_standin)
        led = client.post(reverse("payouts:connect_dashboard"))
        assert led.headers["Location"].startswith(stripe_standin.url)
