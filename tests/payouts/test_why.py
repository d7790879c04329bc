"""Why was I not paid: one checklist from state, on the page, in the API and in the admin."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from marketplace.models import Creator
from payouts import calendar
from payouts.models import CreatorTerms, Payout, RiskTier
from payouts.operations import approvals, bank, runs, sending, terms
from payouts.queries import why
from payouts.stripe.bank import BankPayoutState
from tests.support import ledger, people
from tests.support import runs as agent_runs
from tests.support.creators import (
    NOW,
    OLIVE,
    PAY_DAY,
    WEEK,
    approved,
    change_account,
    drafted,
    earning_creator,
)
from tests.support.processes import StripeStandin
from tests.support.runs import credits
from wallets import chart
from wallets.ledger import Leg, Source, post
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def codes(creator: Creator, *, now: dt.datetime = PAY_DAY) -> list[str]:
    return [reason.code for reason in why.not_paid(creator=creator, now=now).reasons]


def told(creator: Creator, code: str, *, now: dt.datetime = PAY_DAY) -> why.Reason:
    return next(reason for reason in why.not_paid(creator=creator, now=now).reasons if reason.code == code)


class TestOnTheWay:
    def test_a_creator_that_earned_nothing(self) -> None:
        answer = why.not_paid(creator=agent_runs.make_creator(), now=NOW)
        assert [reason.code for reason in answer.reasons] == ["nothing_earned", "not_connected"]
        assert answer.next_attempt is None

    def test_earnings_that_mature_until_wednesday(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        answer = why.not_paid(creator=alice, now=NOW)
        (reason,) = answer.reasons
        assert (reason.code, reason.until, answer.next_attempt) == ("maturing", WEEK.pay_date, WEEK.pay_date)
        assert "4,000 credits" in reason.detail
        assert "Wednesday, 11 March 2026" in reason.detail

    def test_a_longer_window_and_a_reserve(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        tier = RiskTier.objects.get(slug="watched")
        terms.set_tier(creator=alice, tier=tier, actor=OLIVE, reason="A test", now=NOW)
        later = calendar.period_of(day=NOW.date(), window=10)
        assert why.not_paid(creator=alice, now=NOW).next_attempt == later.pay_date
        runs.prepare(period=later, actor=OLIVE, now=later.matures_at)
        reason = told(alice, "reserve", now=later.matures_at)
        assert (reason.amount, reason.until) == (credits(400), later.pay_date + dt.timedelta(days=30))

    def test_less_than_the_minimum_and_a_month_that_is_not_over(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        terms.choose(creator=alice, schedule="monthly", minimum_cents=0, actor="alice", now=NOW)
        assert told(alice, "maturing").until == dt.date(2026, 4, 3)
        month = calendar.period_of(day=NOW.date(), schedule="monthly")
        runs.prepare(period=month, actor=OLIVE, now=month.matures_at)
        reason = told(alice, "below_minimum", now=month.matures_at)
        assert reason.detail == "$4.00 is below the minimum of $25.00; it carries over."
        assert why.not_paid(creator=alice, now=month.matures_at).next_attempt == dt.date(2026, 5, 3)

    def test_a_debt_that_takes_all_of_it(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        debt = ledger.open_creator_wallet(owner_id=alice.pk, kind=chart.DEBT)
        Wallet.objects.filter(pk=debt.pk).update(overdraft_limit=credits(5_000))
        legs = [Leg(debt.pk, -credits(4_500)), Leg(chart.LOSS, credits(4_500))]
        post(
            kind="write_off",
            source=Source("test", "1"),
            actor="test",
            legs=legs,
            plug=chart.USD_LOSS,
            now=NOW,
        )
        run = runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        assert told(alice, "debt").amount == -credits(500)
        assert run.exclusions.get().detail == (
            "4000 credits were taken off for refunded or disputed runs, 500 are still owed."
        )


class TestTheAccount:
    def test_onboarding_that_is_not_finished_and_what_stripe_asks(
        self, stripe_standin: StripeStandin
    ) -> None:
        alice = earning_creator(stripe_standin)
        change_account(alice.payout_account, stripe_standin, state="restricted")
        found = codes(alice)
        assert "transfers_inactive" in found
        assert "requirement_due" in found or "account_disabled" in found
        change_account(alice.payout_account, stripe_standin, state="rejected")
        assert "account_disabled" in codes(alice)


def _waits_for_funds(payout: Payout, standin: StripeStandin) -> None:
    standin.post(
        "/_sim/faults",
        kind="status",
        method="POST",
        path="/v1/transfers",
        status=400,
        code="balance_insufficient",
    )
    sending.send_approved(now=PAY_DAY)


def _is_unknown(payout: Payout, standin: StripeStandin) -> None:
    standin.post("/_sim/faults", kind="drop_after", method="POST", path="/v1/transfers", count=3)
    sending.send_approved(now=PAY_DAY)


def _fails(payout: Payout, standin: StripeStandin) -> None:
    change_account(payout.account, standin, state="restricted")
    sending.send_approved(now=PAY_DAY)


def _is_sent(payout: Payout, _: StripeStandin) -> None:
    sending.send_approved(now=PAY_DAY)


def _bank_refuses(payout: Payout, standin: StripeStandin) -> None:
    _is_sent(payout, standin)
    bank.apply(account=payout.account, state=_at_bank("failed", "account_closed"), now=PAY_DAY)


def _at_bank(status: str, code: str = "") -> BankPayoutState:
    return BankPayoutState(
        id="po_1",
        account_id="",
        amount_cents=400,
        status=status,
        failure_code=code,
        failure_detail="The bank account was closed." if code else "",
        created_at=dt.datetime(2099, 1, 1, tzinfo=dt.UTC),
    )


class TestPayoutsInEveryState:
    @pytest.mark.parametrize(
        ("act", "code"),
        [
            (None, "approved"),
            (_waits_for_funds, "waiting_for_funds"),
            (_is_unknown, "unknown"),
            (_fails, "failed"),
            (_is_sent, "at_stripe"),
            (_bank_refuses, "bank_refused"),
        ],
    )
    def test_it_says_where_the_payout_is(
        self, stripe_standin: StripeStandin, act: Callable[[Payout, StripeStandin], None] | None, code: str
    ) -> None:
        payout = approved(earning_creator(stripe_standin))
        if act:
            act(payout, stripe_standin)
        reason = told(payout.creator, code)
        assert (reason.payout, reason.detail[:7]) == (payout.public_id, "$4.00: ")
        if code == "bank_refused":
            assert "The bank account was closed." in reason.detail

    def test_nothing_is_left_once_it_is_at_the_bank(self, stripe_standin: StripeStandin) -> None:
        payout = drafted(earning_creator(stripe_standin))
        assert codes(payout.creator) == ["waiting_for_approval"]
        approvals.approve(payouts=[payout], actor=OLIVE, now=PAY_DAY)
        _is_sent(payout, stripe_standin)
        bank.apply(account=payout.account, state=_at_bank("paid"), now=PAY_DAY)
        assert why.not_paid(creator=payout.creator, now=PAY_DAY) == why.Answer((), None)


def test_page_api_and_admin_say_the_same(client: Client) -> None:
    alice = earning_creator()
    connected = "Stripe is not connected yet."
    user = User.objects.create_user("alice@people.example", "correct horse battery")
    Membership.objects.create(user=user, customer=alice.customer, created_at=NOW)
    key = people.customer_key(alice.customer)
    tier = RiskTier.objects.get(slug="watched")
    terms.set_tier(creator=alice, tier=tier, actor=OLIVE, reason="A test", now=NOW)
    with time_machine.travel(NOW, tick=False):
        answer = client.get(
            "/v1/developer/payouts/status", headers={"Authorization": f"Bearer {key.secret}"}
        ).json()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(reverse("payouts:payouts")).content.decode()
        client.force_login(User.objects.create_superuser("olive@example.com", "correct horse battery"))
        url = reverse("admin:payouts_creatorterms_change", args=[CreatorTerms.objects.get(creator=alice).pk])
        admin = client.get(url).content.decode()
    assert answer["next_attempt"] == "2026-03-18"
    assert [reason["code"] for reason in answer["reasons"]] == ["maturing", "not_connected"]
    for reason in answer["reasons"]:
        assert reason["detail"] in page
        assert reason["detail"] in admin
    assert connected in page
