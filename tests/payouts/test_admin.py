"""The operator's pages: preview, start, approve, look at."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from payouts.models import Payout, PayoutRun
from payouts.operations import sending
from tests.support.creators import PAY_DAY, approved, connect_stripe, drafted, earning_creator
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

START = reverse("admin:payouts_payoutrun_changelist") + "start/"


@pytest.fixture
def olive() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("olive@example.com", "correct horse battery"))
    return client


@pytest.fixture
def _on_pay_day() -> Iterator[None]:
    with time_machine.travel(PAY_DAY, tick=False):
        yield


@pytest.mark.usefixtures("_on_pay_day")
class TestStart:
    def test_it_previews_who_is_paid_and_who_is_not(
        self, olive: Client, stripe_standin: StripeStandin
    ) -> None:
        earning_creator(stripe_standin)
        earning_creator(name="dora")
        page = olive.get(START).content.decode()
        assert "2026-03-02 to 2026-03-08" in page
        assert "1 to pay, $4.00" in page
        assert "Stripe is not connected yet." in page
        assert not PayoutRun.objects.exists()

    def test_it_makes_the_drafts_with_the_operator_as_actor(
        self, olive: Client, stripe_standin: StripeStandin
    ) -> None:
        alice = earning_creator(stripe_standin)
        answer = olive.post(START, {"period": "2026-03-02"}, follow=True)
        run = PayoutRun.objects.get()
        payouts = reverse("admin:payouts_payout_changelist")
        assert answer.redirect_chain[-1][0] == f"{payouts}?run__id__exact={run.pk}"
        assert "Alice" in answer.content.decode()
        assert run.started_by == "staff:olive@example.com"
        assert Payout.objects.get(creator=alice).state == "draft"

    def test_a_double_click_starts_one_run(self, olive: Client, stripe_standin: StripeStandin) -> None:
        earning_creator(stripe_standin)
        for _ in range(2):
            olive.post(START, {"period": "2026-03-02"})
        assert (PayoutRun.objects.count(), Payout.objects.count()) == (1, 1)

    def test_it_says_from_when_a_week_is_paid(self, olive: Client) -> None:
        page = olive.get(START, {"period": "2026-03-09"}).content.decode()
        assert "Wednesday, 18 March 2026" in page
        assert "Start the run" not in page
        assert "advance --days 7" in page
        olive.post(START, {"period": "2026-03-09"})
        assert not PayoutRun.objects.exists()

    @pytest.mark.parametrize("period", ["", "2026-03-03", "nonsense", "2026-13-45"])
    def test_it_refuses_a_week_that_is_none(self, olive: Client, period: str) -> None:
        assert olive.post(START, {"period": period}).status_code == 200
        assert not PayoutRun.objects.exists()

    def test_it_refuses_strangers_and_staff_without_the_permission(self, client: Client) -> None:
        assert client.post(START, {"period": "2026-03-02"}).status_code == 302
        client.force_login(
            User.objects.create_user("pat@example.com", "correct horse battery", is_staff=True)
        )
        assert client.post(START, {"period": "2026-03-02"}).status_code == 403
        assert not PayoutRun.objects.exists()


@pytest.mark.usefixtures("_on_pay_day")
class TestApprove:
    def test_a_link_only_asks(self, olive: Client, stripe_standin: StripeStandin) -> None:
        payout = drafted(earning_creator(stripe_standin))
        for url in (approve_url(payout), approve_run_url(payout.run)):
            page = olive.get(url)
            assert page.status_code == 200
            assert "Alice: $4.00" in page.content.decode()
        payout.refresh_from_db()
        assert payout.state == "draft"

    def test_it_approves_one(self, olive: Client, stripe_standin: StripeStandin) -> None:
        payout = drafted(earning_creator(stripe_standin))
        olive.post(approve_url(payout))
        payout.refresh_from_db()
        assert (payout.state, payout.approved_by) == ("approved", "staff:olive@example.com")

    def test_it_approves_all_drafts_of_a_run(self, olive: Client, stripe_standin: StripeStandin) -> None:
        dora = earning_creator(name="dora")
        connect_stripe(dora, stripe_standin)
        payout = drafted(earning_creator(stripe_standin))
        olive.post(approve_run_url(payout.run))
        assert list(Payout.objects.values_list("state", flat=True)) == ["approved", "approved"]

    def test_the_lists_action_approves_and_cancels(
        self, olive: Client, stripe_standin: StripeStandin
    ) -> None:
        payout = drafted(earning_creator(stripe_standin))
        changelist = reverse("admin:payouts_payout_changelist")
        for action, state in (("approve_selected", "approved"), ("cancel_selected", "cancelled")):
            olive.post(changelist, {"action": action, "_selected_action": [payout.pk]})
            payout.refresh_from_db()
            assert payout.state == state

    def test_it_says_why_it_refuses(self, olive: Client, stripe_standin: StripeStandin) -> None:
        payout = approved(earning_creator(stripe_standin))
        sending.send_approved(now=PAY_DAY)
        page = olive.post(approve_url(payout), follow=True).content.decode()
        assert "A payout that is sent cannot become approved." in page


def approve_url(payout: Payout) -> str:
    return reverse("admin:payouts_payout_changelist") + f"{payout.pk}/approve/"


def approve_run_url(run: PayoutRun) -> str:
    return reverse("admin:payouts_payoutrun_changelist") + f"{run.pk}/approve/"


@pytest.mark.usefixtures("_on_pay_day")
def test_every_page_shows_and_nothing_can_be_edited(olive: Client, stripe_standin: StripeStandin) -> None:
    payout = approved(earning_creator(stripe_standin))
    sending.send_approved(now=PAY_DAY)
    payout.refresh_from_db()
    rows = {"payout": payout.pk, "payoutrun": payout.run_id, "payoutaccount": payout.account_id}
    for model, pk in rows.items():
        listed = olive.get(reverse(f"admin:payouts_{model}_changelist"))
        change = reverse(f"admin:payouts_{model}_change", args=[pk])
        shown = olive.get(change)
        assert (listed.status_code, shown.status_code) == (200, 200)
        assert olive.post(change, {"state": "draft"}).status_code == 403
    found = olive.get(reverse("admin:payouts_payout_changelist"), {"q": payout.stripe_transfer_id or ""})
    assert payout.public_id in found.content.decode()
    page = olive.get(reverse("admin:payouts_payout_change", args=[payout.pk])).content.decode()
    for text in (payout.stripe_transfer_id, f"payout:{payout.public_id}:1", "Alice"):
        assert str(text) in page
