"""Giving money back by hand: a customer what it has not used, staff also what was spent; shown first, done once."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from billing.models import Refund, TopUp
from billing.operations import refunds, topups
from config.kit import clock
from tests.support import checkout
from tests.support import runs as agent_runs
from tests.support.people import bearer, customer_key, sign_up
from tests.support.processes import StripeStandin
from wallets.models import Wallet
from wallets.money import MICRO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def top_up(client: Client, stripe_standin: StripeStandin, monkeypatch: pytest.MonkeyPatch) -> TopUp:
    """Bob, signed in, has bought the $10 package and used 1,500 of its 11,000 credits."""
    monkeypatch.setattr(clock, "now", lambda: checkout.NOW + dt.timedelta(hours=1))
    user, customer = sign_up()
    client.force_login(user, backend=BACKEND)
    order = topups.Order(amount_cents=1_000, package="prepaid-10", bonus_bp=1_000)
    bought = checkout.buy(customer, stripe_standin, order=order)
    usage = {"request": Decimal(30)}
    agent_runs.charge(agent_runs.make_agent(), customer, "e1", now=checkout.NOW, usage=usage)
    return bought


def page(top_up: TopUp) -> str:
    """Where it is given back."""
    return reverse("billing:topup_refund", args=[top_up.public_id])


def send_all() -> None:
    """Do what its job does."""
    for refund in Refund.objects.filter(state="requested"):
        refunds.send(refund=refund, now=clock.now())


def balance(top_up: TopUp) -> float:
    """What its wallet shows."""
    return Wallet.objects.get(pk=top_up.wallet_id).balance / MICRO


class TestCustomer:
    def test_it_is_shown_and_then_done_once(self, client: Client, top_up: TopUp) -> None:
        shown = client.get(page(top_up))
        said = {"key": shown.context["key"], "amount_cents": "863"}
        answers = [client.post(page(top_up), said) for _ in range(2)]
        live = client.get(reverse("billing:topup_live", args=[top_up.public_id])).content.decode()
        send_all()
        after = client.get(reverse("billing:topup_return", args=[top_up.public_id])).content.decode()

        text = shown.content.decode()
        assert ">$8.63</strong>" in text
        assert ">9,500</strong> credits leave your wallet" in text
        assert [answer.status_code for answer in answers] == [302, 302]
        assert "On its way" in live
        assert 'hx-trigger="every 2s"' in live
        assert "Sent to your card" in after
        assert Refund.objects.count() == 1
        assert balance(top_up) == 0
        assert "$8.63 of a top-up of $10.00" in client.get("/wallet/").content.decode()

    def test_nobody_elses_top_up_is_there(self, client: Client, top_up: TopUp) -> None:
        stranger, _ = sign_up("charlie")
        client.force_login(stranger, backend=BACKEND)

        assert client.get(page(top_up)).status_code == 404
        assert client.post(page(top_up), {"key": "k", "amount_cents": "1"}).status_code == 404
        assert not Refund.objects.exists()

    def test_it_gives_back_no_more_than_is_unused_and_only_for_a_while(
        self, client: Client, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        too_much = client.post(page(top_up), {"key": "k", "amount_cents": "864"})
        wrong = client.post(page(top_up), {"key": "k2", "amount_cents": "-1"})
        monkeypatch.setattr(clock, "now", lambda: checkout.NOW + dt.timedelta(days=14))
        late = client.post(page(top_up), {"key": "k3", "amount_cents": "1"})

        assert (too_much.status_code, wrong.status_code, late.status_code) == (409, 400, 409)
        assert "At most $8.63 can be given back" in too_much.content.decode()
        assert "for 14 days after the purchase" in late.content.decode()
        assert (
            "Refund unused"
            not in client.get(reverse("billing:topup_return", args=[top_up.public_id])).content.decode()
        )
        assert not Refund.objects.exists()

    def test_the_api_tells_what_went_back(self, client: Client, top_up: TopUp) -> None:
        client.post(page(top_up), {"key": "k", "amount_cents": "863"})
        send_all()
        headers = bearer(customer_key(top_up.customer))
        told = client.get(f"/v1/wallet/topups/{top_up.public_id}", headers=headers).json()

        assert (told["status"], told["refunded_usd"]) == ("paid", "8.63")


class TestStaff:
    @pytest.fixture(autouse=True)
    def _olive(self, client: Client, top_up: TopUp) -> None:
        olive = User.objects.create_superuser("olive@example.com", "correct horse battery")
        client.force_login(olive, backend=BACKEND)

    def test_it_sees_who_bears_what_and_refunds_spent_credits_too(
        self, client: Client, top_up: TopUp
    ) -> None:
        place = reverse("admin:billing_refund_give", args=[top_up.payment_intent_id])
        shown = client.get(place, {"amount": "10.00"}).content.decode()
        said = {"amount": "10.00", "reason": "Promised on the phone", "reference": "act_1"}
        answers = [client.post(place, said) for _ in range(2)]
        send_all()
        top_up.refresh_from_db()

        for text in ("9,500", "1,500", "$1.363636", "$8.636364", "\N{MINUS SIGN}1,500"):
            assert text in shown
        assert [answer.status_code for answer in answers] == [302, 302]
        assert (top_up.status, balance(top_up)) == ("refunded", -1_500)
        refund = Refund.objects.get()
        assert (refund.requested_by and refund.requested_by.email) == "olive@example.com"
        entry = AuditEntry.objects.get(act="refund", object_id=refund.public_id)
        assert (entry.actor, entry.reason) == ("staff:olive@example.com", "Promised on the phone")
        assert entry.address is not None
        led = client.get(reverse("admin:billing_topup_refund", args=[top_up.pk]))
        assert led.headers["Location"] == place
        assert client.get(reverse("admin:billing_refund_change", args=[refund.pk])).status_code == 200

    def test_a_wrong_amount_stays_on_the_form(self, client: Client, top_up: TopUp) -> None:
        place = reverse("admin:billing_refund_give", args=[top_up.payment_intent_id])
        for amount in ("", "0", "10.01", "x", "1.234"):
            answer = client.post(place, {"amount": amount, "reason": "r", "reference": "act_1"})
            assert answer.status_code == 200
        assert not Refund.objects.exists()

    def test_staff_without_the_permission_may_not(self, client: Client, top_up: TopUp) -> None:
        plain = User.objects.create_user("pat@example.com", "correct horse battery", is_staff=True)
        client.force_login(plain, backend=BACKEND)

        for name, at in (("topup_refund", top_up.pk), ("refund_give", top_up.payment_intent_id)):
            assert client.get(reverse(f"admin:billing_{name}", args=[at])).status_code == 403
