"""Accounts that end: nothing is sent to them, the page says why, and another follows; no payout is doubled."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from billing.stripe.client import client as stripe_client
from marketplace import creators
from marketplace.models import Creator
from payouts.models import Ended, PastAccount, Payout, PayoutAccount, PayoutExclusion
from payouts.operations import onboarding, sending
from payouts.operations.onboarding import NotConnectedError
from tests.support.creators import (
    NOW,
    PAY_DAY,
    approved,
    change_account,
    connect_stripe,
    drafted,
    earning_creator,
)
from tests.support.people import sign_up
from tests.support.processes import StripeStandin
from tests.support.runs import make_creator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LATER = PAY_DAY + dt.timedelta(hours=7)


def end(creator: Creator, standin: StripeStandin, why: str) -> PayoutAccount:
    """Have a creator's account end at Stripe, and hear of it as we would."""
    account = PayoutAccount.objects.get(creator=creator)
    stripe_id = account.stripe_account_id or ""
    if why == Ended.REJECTED:
        change_account(account, standin, state="rejected", now=LATER)
    elif why == Ended.CLOSED:
        stripe_client().v1.accounts.delete(stripe_id)
        onboarding.resync_stale(now=LATER)
    else:
        standin.post(f"/_sim/accounts/{stripe_id}/deauthorize")
        onboarding.end(stripe_account_id=stripe_id, why=Ended.DEAUTHORISED, now=LATER)
    account.refresh_from_db()
    return account


@pytest.mark.parametrize("why", list(Ended))
def test_nothing_is_sent_to_it_and_another_is_paid_instead_once(
    stripe_standin: StripeStandin, why: str
) -> None:
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    old = end(alice, stripe_standin, why)
    assert (old.ended, old.can_be_paid) == (why, False)

    assert sending.send(payout=payout, now=LATER) == Payout.State.FAILED
    payout.refresh_from_db()
    assert payout.failure_code == "account_ended"
    assert payout.failure_detail == f"{Ended(why).label} Connect another account to be paid."
    with pytest.raises(NotConnectedError):
        onboarding.dashboard(creator=alice)

    first = old.stripe_account_id
    fresh = onboarding.connected(creator=alice, now=LATER, country="DE")
    assert onboarding.connected(creator=alice, now=LATER) == fresh
    change_account(fresh, stripe_standin, state="enabled", now=LATER)
    fresh.refresh_from_db()
    assert fresh.stripe_account_id not in (None, first)
    assert (fresh.can_be_paid, fresh.country, fresh.service_agreement) == (True, "DE", "recipient")
    assert list(PastAccount.objects.values_list("stripe_account_id", "ended")) == [(first, why)]

    again = approved(alice, now=LATER)
    assert sending.send(payout=again, now=LATER) == Payout.State.SENT
    sent = stripe_client().v1.transfers.list().data
    assert [(one.destination, one.amount) for one in sent] == [(fresh.stripe_account_id, payout.amount_cents)]


def test_a_payout_under_way_finishes_on_the_account_that_was_approved(stripe_standin: StripeStandin) -> None:
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    # The transfer is made and its answer lost; then the account ends, and another one takes its place.
    stripe_standin.post("/_sim/faults", kind="drop_after", method="POST", path="/v1/transfers", count=3)
    assert sending.send(payout=payout, now=PAY_DAY) == Payout.State.UNKNOWN
    end(alice, stripe_standin, Ended.DEAUTHORISED)
    change_account(onboarding.connected(creator=alice, now=LATER), stripe_standin, state="enabled", now=LATER)

    sending.unresolved(now=LATER)

    payout.refresh_from_db()
    assert payout.state == Payout.State.SENT
    (transfer,) = stripe_client().v1.transfers.list().data
    assert transfer.destination == payout.destination == PastAccount.objects.get().stripe_account_id
    assert not Payout.objects.exclude(pk=payout.pk).exists()


def test_an_account_that_ends_between_the_intent_and_the_call_costs_nothing(
    stripe_standin: StripeStandin,
) -> None:
    alice = earning_creator(stripe_standin)
    payout = approved(alice)
    stripe_standin.post(f"/_sim/accounts/{payout.destination}/deauthorize")

    assert sending.send(payout=payout, now=LATER) == Payout.State.FAILED

    assert stripe_client().v1.transfers.list().data == []
    payout.refresh_from_db()
    assert payout.failure_code == "resource_missing"


def test_late_news_neither_revives_an_account_nor_swaps_one(stripe_standin: StripeStandin) -> None:
    account = connect_stripe(make_creator(), stripe_standin)
    stripe_id = account.stripe_account_id or ""
    onboarding.end(stripe_account_id=stripe_id, why=Ended.DEAUTHORISED, now=NOW)

    onboarding.sync(stripe_account_id=stripe_id, now=NOW)
    assert onboarding.resync_stale(now=LATER) == 0

    account.refresh_from_db()
    assert (account.ended, account.can_be_paid) == (Ended.DEAUTHORISED, False)


def test_one_that_stripe_accepts_after_all_is_paid_again(stripe_standin: StripeStandin) -> None:
    account = connect_stripe(make_creator(), stripe_standin, state="rejected")
    assert account.ended == Ended.REJECTED

    change_account(account, stripe_standin, state="enabled")

    account.refresh_from_db()
    assert (account.ended, account.ended_at, account.can_be_paid) == ("", None, True)


def test_the_page_says_what_is_asked_until_when_and_where_to_go(
    stripe_standin: StripeStandin, client: Client
) -> None:
    user, customer = sign_up("alice")
    client.force_login(user)
    alice = creators.open_creator(customer=customer, display_name="Alice", now=NOW)
    page = reverse("payouts:connect")
    assert "Country of your bank" in client.get(page).content.decode()
    assert client.post(reverse("payouts:connect_start"), {"country": "FR"}).status_code == 302
    account = PayoutAccount.objects.get(creator=alice)
    deadline = int(dt.datetime(2026, 4, 1, tzinfo=dt.UTC).timestamp())
    stripe_standin.post(
        f"/_sim/accounts/{account.stripe_account_id}",
        state="enabled",
        requirements=["individual.verification.document"],
        deadline=deadline,
    )
    onboarding.refresh(account_id=account.pk, now=NOW)

    due = client.get(page).content.decode()
    assert "Stripe needs this by 1 April 2026" in due
    assert "An identity document" in due
    assert "France" in due
    stripe_standin.post(
        f"/_sim/accounts/{account.stripe_account_id}", state="restricted", requirements=["external_account"]
    )
    onboarding.refresh(account_id=account.pk, now=NOW)
    paused = client.get(page).content.decode()
    assert "Payouts are paused" in paused
    assert "Something that Stripe asked for is overdue." in paused
    assert "A bank account to pay to" in paused
    onboarding.end(stripe_account_id=account.stripe_account_id or "", why=Ended.CLOSED, now=NOW)
    ended = client.get(page).content.decode()
    assert "The account at Stripe is closed." in ended
    assert "Connect another account" in ended


def test_a_creator_with_something_due_reads_what_in_the_run(stripe_standin: StripeStandin) -> None:
    alice = earning_creator(stripe_standin)
    account = PayoutAccount.objects.get(creator=alice)
    change_account(account, stripe_standin, state="restricted")

    with pytest.raises(Payout.DoesNotExist):
        drafted(alice)

    said = PayoutExclusion.objects.get(creator=alice)
    assert said.reason == "transfers_inactive"
    assert said.detail.endswith("It asks for: a bank account to pay to, an identity document.")
