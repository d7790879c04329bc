"""Trials: a card first, days for nothing, a mail before the end, and then the plan or nothing."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from accounts.models import Customer
from billing.models import Invoice, Subscription, Trial
from billing.operations import payments
from billing.operations.invoices import closing
from billing.operations.subscriptions import cancelling, dunning, trials
from billing.operations.subscriptions.trials import TrialUsedError
from billing.stripe.client import client
from config.kit.errors import DomainError, InvalidInputError
from tests.support.checkout import NOW, pay
from tests.support.invoicing import DECLINED
from tests.support.people import open_customer
from tests.support.plans import attach, current, draft_lines, on_sale, renew, settle_up
from tests.support.platform import bought, left, run
from tests.support.processes import StripeStandin
from tests.support.races import race
from wallets import chart, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)
END = NOW + 14 * DAY


@pytest.fixture
def bob(settings: Any) -> Customer:
    """Bob, on the free plan as everybody is."""
    on_sale()
    settings.DEFAULT_PLAN = "free"
    return open_customer()


def state_of(subscription: Subscription) -> str:
    """Read the state again."""
    return Subscription.objects.get(pk=subscription.pk).state


def live_plan(customer: Customer) -> str | None:
    """Name the plan that a customer has now."""
    return Subscription.objects.get(customer=customer, state="active").version.plan.slug


def test_it_begins_with_a_card_and_goes_on_as_the_plan(bob: Customer, stripe_standin: StripeStandin) -> None:
    trial = attach(bob, "pro", trial=True, overage=True)
    assert (trial.state, trial.amount_cents, live_plan(bob)) == ("incomplete", 0, "free")
    pay(stripe_standin, trial.stripe_session_id)
    for _ in range(2):
        payments.fulfil(session_id=trial.stripe_session_id, now=NOW + DAY)

    trial.refresh_from_db()
    end = NOW + 15 * DAY
    assert (trial.state, trial.trial_end, trial.current_period_end) == ("active", end, end)
    assert (live_plan(bob), Trial.objects.get().ends_at) == ("pro", end)
    assert bob.billing_profile.card.endswith("4242")
    # What the free month had left stays; the trial's 5,000 came once.
    assert left(bob, now=NOW + DAY) == (5_100, 0)
    # It costs nothing, so nobody goes above what it includes, though overage was agreed to for later.
    with pytest.raises(DomainError):
        run(bob, 5_101, key="too many", now=NOW + DAY)

    assert [trials.tell_due(now=end - days * DAY) for days in (4, 3, 2)] == [0, 1, 0]
    assert mail.outbox[0].subject == "Your trial of Pro ends on 17 March"
    assert "$29.00 a month" in str(mail.outbox[0].body)

    assert not Invoice.objects.exists()
    renew(now=end)
    assert draft_lines(bob) == [("fee", 2_900)]
    settle_up(now=end)
    first = current(trial)
    assert (first.number, first.starts_at, first.ends_at) == (1, end, end.replace(month=4))
    assert (first.granted_at, Invoice.objects.get().total_cents) == (end, 2_900)
    run(bob, 5_200, key="above", now=end)
    assert left(bob, now=end)[1] > 0
    assert queries.platform_balance(chart.RECEIVABLE) == 0


def test_nobody_tries_a_plan_twice(bob: Customer, stripe_standin: StripeStandin) -> None:
    tried = bought(stripe_standin, bob, "pro", trial=True)
    cancelling.at_once(subscription_id=tried.pk, actor="bob", now=NOW + DAY)

    with pytest.raises(TrialUsedError):
        attach(bob, "pro", key="again", trial=True, now=NOW + DAY)

    # The database says so too, whoever asks.
    plan_id = tried.version.plan_id
    other = Subscription.objects.exclude(pk=tried.pk).filter(customer=bob)[0]
    with pytest.raises(IntegrityError, match="billing_trial_once_a_plan"), transaction.atomic():
        Trial.objects.create(customer=bob, plan_id=plan_id, subscription=other, started_at=NOW, ends_at=END)
    with pytest.raises(Exception, match="does not change"), transaction.atomic():
        Trial.objects.all().delete()
    # Bought, it costs what it costs.
    assert attach(bob, "pro", key="third", now=NOW + DAY).amount_cents == 2_900


def test_it_is_not_for_plans_without_one_nor_beside_a_paid_one(
    bob: Customer, stripe_standin: StripeStandin
) -> None:
    for plan in ("team", "free"):
        with pytest.raises(InvalidInputError):
            attach(bob, plan, key=plan, trial=True)
    bought(stripe_standin, bob, "credits-pro")

    with pytest.raises(TrialUsedError):
        attach(bob, "pro", key="second", trial=True)


@pytest.mark.parametrize("at_once", [False, True])
def test_cancelled_it_costs_nothing(bob: Customer, stripe_standin: StripeStandin, at_once: bool) -> None:
    trial = bought(stripe_standin, bob, "pro", trial=True)
    step = cancelling.at_once if at_once else cancelling.at_period_end

    step(subscription_id=trial.pk, actor="bob", now=NOW + DAY)

    assert trials.tell_due(now=END - DAY) == 0
    assert state_of(trial) == ("cancelled" if at_once else "active")
    # The free month that it replaced goes on with its 100.
    assert left(bob, now=NOW + DAY)[0] == (100 if at_once else 5_100)
    renew(now=END)
    settle_up(now=END)
    assert (state_of(trial), live_plan(bob)) == ("cancelled", "free")
    assert not Invoice.objects.exists()


def test_a_card_that_fails_at_the_end_ends_on_the_free_plan(
    bob: Customer, stripe_standin: StripeStandin
) -> None:
    trial = bought(stripe_standin, bob, "pro", trial=True)
    stripe_id = bob.stripe_customer.stripe_id
    client().v1.payment_methods.attach(DECLINED, {"customer": stripe_id})
    renew(now=END)
    settle_up(now=END)

    dunning.sweep(now=END)
    assert (state_of(trial), current(trial).granted_at) == ("past_due", None)
    later = END + 30 * DAY
    closing.uncollectible(invoice=Invoice.objects.get(), reason="unpaid", actor="test", now=later)
    dunning.sweep(now=later)

    assert (state_of(trial), live_plan(bob)) == ("cancelled", "free")


def test_a_checkout_that_was_left_starts_nothing(bob: Customer, stripe_standin: StripeStandin) -> None:
    trial = attach(bob, "pro", trial=True)
    stripe_standin.post("/_sim/clock/advance", seconds=25 * 3600)

    payments.fulfil(session_id=trial.stripe_session_id, now=NOW + 2 * DAY)

    assert (state_of(trial), live_plan(bob), Trial.objects.count()) == ("expired", "free", 0)
    # It was not had: the next one is.
    assert bought(stripe_standin, bob, "pro", key="again", trial=True, now=NOW + 2 * DAY).state == "active"


@pytest.mark.django_db(transaction=True)
def test_of_trials_that_begin_at_once_one_does(bob: Customer, stripe_standin: StripeStandin) -> None:
    # Asked for in three ways, for what is asked for twice alike is led to one checkout.
    zones = ("UTC", "Europe/Berlin", "Asia/Tokyo")
    asked = [attach(bob, "pro", key=zone, zone=zone, trial=True) for zone in zones]
    for each in asked:
        pay(stripe_standin, each.stripe_session_id)

    race(6, lambda number: payments.fulfil(session_id=asked[number % 3].stripe_session_id, now=NOW))

    assert sorted(state_of(each) for each in asked) == ["active", "expired", "expired"]
    assert left(bob) == (5_100, 0)
