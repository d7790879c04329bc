"""Starting a paid subscription: payments.fulfil."""

import datetime as dt

import pytest

from accounts.models import Membership
from billing.models import Execution, QuarantinedEvent, Subscription, SubscriptionPeriod
from billing.operations import payments, posting
from tests.support.checkout import NOW, pay
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer, sign_up
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, ask_for, subscribe
from wallets import chart, queries
from wallets.models import CreditGrant, Entry, Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000
USD = 1_000_000


def test_it_grants_the_first_month_into_the_creators_own_wallet(stripe_standin: StripeStandin) -> None:
    alice, bob = open_creator(), open_customer()
    agent = for_sale("subscribed", TIERS, creator=alice)

    subscription = subscribe(bob, agent, stripe_standin)

    assert subscription.state == Subscription.State.ACTIVE
    assert subscription.current_period_start == NOW
    assert subscription.current_period_end == NOW.replace(month=4)
    wallet = Wallet.objects.get(owner_type="consumer", owner_id=bob.pk, scope=alice.public_id)
    assert queries.balance(wallet=wallet, now=NOW).available == 1_000 * CREDIT
    grant = CreditGrant.objects.get()
    assert (grant.funding_class, grant.cash, grant.expires_at) == (
        "plan",
        1 * USD,
        subscription.current_period_end,
    )
    assert [change.to_state for change in subscription.changes.all()] == ["active"]


def test_it_splits_what_lies_above_the_face_at_once(stripe_standin: StripeStandin) -> None:
    alice, bob = open_creator(), open_customer()
    subscribe(bob, for_sale("subscribed", TIERS, creator=alice), stripe_standin)
    assert queries.platform_balance(chart.ISSUED["plan"]) == -9_990 * CREDIT
    assert queries.platform_balance(chart.CLEARING) == 8_990 * CREDIT
    assert queries.platform_balance(chart.DEFERRED) == 9_990_000

    posting.post_splits(now=NOW)

    pending = Wallet.objects.get(owner_type="creator", owner_id=alice.pk, kind="pending")
    assert pending.balance == 7_192 * CREDIT
    assert queries.platform_balance(chart.PLATFORM_SHARE) == 1_798 * CREDIT
    assert queries.platform_balance(chart.CLEARING) == 0
    assert queries.platform_balance(chart.DEFERRED) == 1 * USD
    assert queries.platform_balance(chart.OWED) == 7_192_000


def test_it_backs_all_credits_with_a_fee_below_their_face(stripe_standin: StripeStandin) -> None:
    subscribe(open_customer(), for_sale("subscribed", TIERS), stripe_standin, tier="bulk")

    grant = CreditGrant.objects.get()
    assert (grant.amount, grant.cash) == (100_000 * CREDIT, 80 * USD)
    assert not Execution.objects.exists()
    assert queries.platform_balance(chart.DEFERRED) == 80 * USD


def test_it_grants_once_when_fulfilled_again(stripe_standin: StripeStandin) -> None:
    subscription = subscribe(open_customer(), for_sale("subscribed", TIERS), stripe_standin)

    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW + dt.timedelta(days=1))

    assert SubscriptionPeriod.objects.count() == 1
    assert Transaction.objects.filter(kind="subscription").count() == 1
    assert CreditGrant.objects.count() == 1
    assert not QuarantinedEvent.objects.exists()


def test_it_books_stripes_fee(stripe_standin: StripeStandin) -> None:
    subscription = subscribe(open_customer(), for_sale("subscribed", TIERS), stripe_standin)

    assert subscription.fee_cents == 59
    assert queries.platform_balance(chart.STRIPE_FEES) == -590_000


def test_it_starts_nothing_while_unpaid(stripe_standin: StripeStandin) -> None:
    subscription = ask_for(open_customer(), for_sale("subscribed", TIERS))

    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)

    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.INCOMPLETE
    assert not Entry.objects.exists()


def test_it_expires_with_its_checkout(stripe_standin: StripeStandin) -> None:
    subscription = ask_for(open_customer(), for_sale("subscribed", TIERS))
    stripe_standin.post(f"/_sim/checkout/sessions/{subscription.stripe_session_id}/expire")

    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)

    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.EXPIRED


def test_it_puts_a_second_payment_for_the_same_agent_in_suspense(stripe_standin: StripeStandin) -> None:
    bob, agent = open_customer(), for_sale("subscribed", TIERS)
    # Of one tier there is one checkout; of two, both may be paid.
    second = ask_for(bob, agent, tier="pro", key="second")
    subscribe(bob, agent, stripe_standin)
    pay(stripe_standin, second.stripe_session_id)

    payments.fulfil(session_id=second.stripe_session_id, now=NOW)

    second.refresh_from_db()
    assert second.state == Subscription.State.INCOMPLETE
    assert queries.platform_balance(chart.SUSPENSE) == 49_990_000
    assert "pays twice" in QuarantinedEvent.objects.get().reason


def test_a_creator_earns_nothing_from_itself(stripe_standin: StripeStandin) -> None:
    alice = open_creator()
    subscribe(alice.customer, for_sale("subscribed", TIERS, creator=alice), stripe_standin)

    fee = Execution.objects.get()

    assert fee.self_dealing
    assert fee.platform_amount == 8_990 * CREDIT
    assert not fee.earnings.exists()


def test_a_creator_earns_nothing_from_a_customer_that_shares_a_member(stripe_standin: StripeStandin) -> None:
    alice = open_creator()
    user, second = sign_up("alices-second")
    Membership.objects.create(user=user, customer=alice.customer, role="member", created_at=NOW)
    subscribe(second, for_sale("subscribed", TIERS, creator=alice), stripe_standin)

    fee = Execution.objects.get()

    assert fee.self_dealing
    assert not fee.earnings.exists()
