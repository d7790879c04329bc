"""Asking for a top-up: topups.request."""

import datetime as dt
from typing import Any

import pytest

from billing.models import StripeCustomer, TopUp
from billing.operations import payments, topups
from billing.operations.checkouts import InFlightError
from billing.operations.topups import LapsedError, Order
from billing.stripe.client import client
from billing.stripe.errors import StripeUnavailableError
from config.kit.errors import InvalidInputError, KeyReusedError
from tests.support.checkout import NOW, TEN_DOLLARS, ask, pay
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000
SESSIONS = "/v1/checkout/sessions"


def sessions(standin: StripeStandin) -> list[str]:
    """List the checkouts that exist at Stripe."""
    return [session.id for session in client().v1.checkout.sessions.list().data]


def test_it_writes_the_row_and_opens_a_checkout(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())

    assert top_up.status == TopUp.Status.PENDING
    assert top_up.checkout_url.startswith(stripe_standin.url)
    assert (top_up.paid_credits, top_up.bonus_credits) == (10_000 * CREDIT, 0)
    assert top_up.expires_at is not None
    assert top_up.success_url.endswith(f"/wallet/add/{top_up.public_id}/")


def test_it_saves_the_card_with_the_customer(stripe_standin: StripeStandin) -> None:
    bob = open_customer()
    top_up = ask(bob)
    pay(stripe_standin, top_up.stripe_session_id)

    stripe_id = StripeCustomer.objects.get(customer=bob).stripe_id
    assert len(client().v1.customers.payment_methods.list(stripe_id).data) == 1


def test_it_uses_one_stripe_customer_for_all_purchases(stripe_standin: StripeStandin) -> None:
    bob = open_customer()

    ask(bob, key="first")
    ask(bob, key="second")

    assert StripeCustomer.objects.filter(customer=bob).count() == 1
    assert len(sessions(stripe_standin)) == 2


def test_it_gives_the_same_checkout_for_the_same_key(stripe_standin: StripeStandin) -> None:
    bob = open_customer()

    first, again = ask(bob), ask(bob)

    assert again == first
    assert again.checkout_url == first.checkout_url
    assert len(sessions(stripe_standin)) == 1


def test_it_refuses_another_order_under_the_key(stripe_standin: StripeStandin) -> None:
    bob = open_customer()
    ask(bob)

    with pytest.raises(KeyReusedError):
        ask(bob, order=Order(amount_cents=2_000))


def test_it_refuses_while_the_same_request_is_in_flight(stripe_standin: StripeStandin) -> None:
    bob = open_customer()
    stripe_standin.post("/_sim/faults", kind="status", status=503, path=SESSIONS, count=3)
    with pytest.raises(StripeUnavailableError):
        ask(bob)
    TopUp.objects.update(calling_until=NOW + dt.timedelta(seconds=5))

    with pytest.raises(InFlightError):
        ask(bob)


def test_it_may_be_asked_again_when_stripe_is_down(stripe_standin: StripeStandin) -> None:
    bob = open_customer()
    stripe_standin.post("/_sim/faults", kind="status", status=503, path=SESSIONS, count=3)
    with pytest.raises(StripeUnavailableError):
        ask(bob)
    kept = TopUp.objects.get()
    assert (kept.status, kept.stripe_session_id, kept.calling_until) == (TopUp.Status.PENDING, "", None)

    top_up = ask(bob)

    assert top_up == kept
    assert top_up.stripe_session_id in sessions(stripe_standin)


def test_it_finds_its_checkout_again_when_the_answer_was_lost(stripe_standin: StripeStandin) -> None:
    bob = open_customer()
    stripe_standin.post("/_sim/faults", kind="drop_after", path=SESSIONS, count=3)
    with pytest.raises(StripeUnavailableError):
        ask(bob)
    assert len(sessions(stripe_standin)) == 1

    top_up = ask(bob)

    assert sessions(stripe_standin) == [top_up.stripe_session_id]


def test_it_does_not_wait_for_ever_when_stripe_is_slow(stripe_standin: StripeStandin, settings: Any) -> None:
    settings.STRIPE_READ_SECONDS = 0.2
    bob = open_customer()
    stripe_standin.post("/_sim/faults", kind="delay", ms=900, path=SESSIONS, count=3)
    with pytest.raises(StripeUnavailableError):
        ask(bob)
    settings.STRIPE_READ_SECONDS = 20

    top_up = ask(bob)

    assert sessions(stripe_standin) == [top_up.stripe_session_id]


def test_it_finds_its_checkout_again_after_an_error_that_came_too_late(stripe_standin: StripeStandin) -> None:
    bob = open_customer()
    stripe_standin.post("/_sim/faults", kind="error_after", path=SESSIONS, count=3)
    with pytest.raises(StripeUnavailableError):
        ask(bob)

    top_up = ask(bob)

    assert sessions(stripe_standin) == [top_up.stripe_session_id]


def test_it_is_credited_even_if_we_died_before_the_session_was_kept(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    session_id = top_up.stripe_session_id
    TopUp.objects.update(stripe_session_id="", checkout_url="", expires_at=None)
    pay(stripe_standin, session_id)

    payments.fulfil(session_id=session_id, now=NOW)

    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * CREDIT


def test_it_refuses_a_key_whose_checkout_never_opened(stripe_standin: StripeStandin) -> None:
    bob = open_customer()
    stripe_standin.post("/_sim/faults", kind="status", status=503, path=SESSIONS, count=3)
    with pytest.raises(StripeUnavailableError):
        ask(bob)
    topups.lapse(top_up=TopUp.objects.get(), now=NOW)

    with pytest.raises(LapsedError):
        ask(bob)


@pytest.mark.parametrize("cents", [0, 99, -1_000, 1_000_001])
def test_it_refuses_an_amount_out_of_range(cents: int) -> None:
    with pytest.raises(InvalidInputError):
        topups.order_of_amount(amount_cents=cents)


def test_it_refuses_a_package_that_is_not_on_sale() -> None:
    with pytest.raises(InvalidInputError):
        topups.order_of_package(slug="gold")


def test_ten_dollars_is_ten_dollars() -> None:
    assert topups.order_of_amount(amount_cents=1_000) == TEN_DOLLARS
