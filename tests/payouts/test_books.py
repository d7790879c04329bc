"""Every invariant of payouts goes red when what it protects is damaged."""

import pytest
from django.db.models import F, Model, QuerySet

from billing import cash_books
from config.kit import clock
from payouts import calendar
from payouts.models import MaturedEarning, Payout, PayoutAttempt, PayoutItem, ReserveHold, RiskTier
from payouts.operations import runs, sending, terms
from payouts.operations.drafts import cancel
from tests.support import ledger as ledger_support
from tests.support import runs as agent_runs
from tests.support.creators import NOW, OLIVE, PAY_DAY, approved, drafted, earning_creator
from tests.support.processes import StripeStandin
from wallets import books, chart
from wallets.ledger import Leg, Source, post

pytestmark = pytest.mark.django_db


def broken() -> set[str]:
    found = {violation.name for violation in books.violations(now=clock.now(), timely=True)}
    # The purchases of these tests are made up: Stripe has no lines of them.
    return found - {invariant.name for invariant in cash_books.INVARIANTS}


def damage(rows: QuerySet[Model], **columns: object) -> set[str]:
    before = broken()
    assert rows.update(**columns)
    return broken() - before


def move(kind: str, *legs: Leg) -> set[str]:
    before = broken()
    post(kind=kind, source=Source("test", kind), actor="test", legs=legs, now=PAY_DAY)
    return broken() - before


class TestADraft:
    @pytest.fixture(autouse=True)
    def _drafted(self, stripe_standin: StripeStandin) -> None:
        self.payout = drafted(earning_creator(stripe_standin))
        assert broken() == set()

    def test_a_line_that_was_changed(self) -> None:
        assert "payout = its items" in damage(PayoutItem.objects.all(), amount=F("amount") + 1)

    def test_an_amount_that_is_no_whole_cent(self) -> None:
        assert "payout = whole cents" in damage(Payout.objects.all(), amount_cents=399)

    def test_a_dead_payout_that_keeps_its_earnings(self) -> None:
        cancel(payout=self.payout, actor=OLIVE, now=PAY_DAY, reason="A test")
        assert "items are live with their payout" in damage(PayoutItem.objects.all(), live=True)

    def test_a_state_without_history(self) -> None:
        assert "payout history is whole" in damage(Payout.objects.all(), state="approved")

    def test_a_promise_above_what_is_payable(self) -> None:
        wallet = ledger_support.open_creator_wallet(owner_id=self.payout.creator_id, kind=chart.PAYABLE)
        legs = (Leg(wallet.pk, -1_000_000), Leg(chart.LOSS, 1_000_000), Leg(chart.USD_LOSS, 1_000))
        assert "payable covers promises" in move("test", *legs)

    def test_earnings_that_nobody_earned(self) -> None:
        before = broken()
        other = agent_runs.make_agent("other", creator=self.payout.creator)
        earned = MaturedEarning.objects.get()
        MaturedEarning.objects.create(
            creator=self.payout.creator, agent=other, day=earned.day, amount=1, matured_at=PAY_DAY
        )
        assert broken() - before == {"earnings mature whole", "maturity = its rows"}

    def test_a_maturity_without_its_rows(self) -> None:
        wallet = ledger_support.open_creator_wallet(owner_id=self.payout.creator_id, kind=chart.PAYABLE)
        legs = (Leg(wallet.pk, 1_000_000), Leg(chart.LOSS, -1_000_000), Leg(chart.USD_LOSS, -1_000))
        assert "maturity = its rows" in move("maturity", *legs)


class TestAReserve:
    @pytest.fixture(autouse=True)
    def _reserved(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        tier = RiskTier.objects.get(slug="watched")
        terms.set_tier(creator=alice, tier=tier, actor=OLIVE, reason="A test", now=NOW)
        later = calendar.period_of(day=NOW.date(), window=10)
        runs.prepare(period=later, actor=OLIVE, now=later.matures_at)
        assert broken() == set()

    def test_a_hold_of_another_amount(self) -> None:
        assert "reserve = its holds" in damage(ReserveHold.objects.all(), amount=F("amount") + 1)

    def test_a_hold_that_is_closed_and_let_nothing_go(self) -> None:
        found = damage(ReserveHold.objects.all(), released_at=F("release_at"))
        assert "reserve = its holds" in found


class TestASentPayout:
    @pytest.fixture(autouse=True)
    def _sent(self, stripe_standin: StripeStandin) -> None:
        approved(earning_creator(stripe_standin))
        sending.send_approved(now=PAY_DAY)
        assert broken() == set()

    def test_a_transfer_that_is_not_the_attempts(self) -> None:
        assert "one transfer a payout" in damage(Payout.objects.all(), stripe_transfer_id="tr_other")

    def test_a_request_for_another_amount(self) -> None:
        found = damage(PayoutAttempt.objects.all(), request={"amount": 399, "transfer_group": "x"})
        assert "payout attempts asked one thing" in found

    def test_credits_redeemed_without_a_payout(self) -> None:
        legs = (Leg(chart.REDEEMED, 1), Leg(chart.LOSS, -1))
        assert "redeemed = payouts not taken back" in move("test", *legs)

    def test_money_in_transit_without_a_payout(self) -> None:
        legs = (Leg(chart.IN_TRANSIT, 1), Leg(chart.STRIPE_CASH, -1))
        assert "in transit = payouts in flight" in move("test", *legs)

    def test_an_attempt_that_was_forgotten(self) -> None:
        found = damage(PayoutAttempt.objects.all(), outcome="open", stripe_transfer_id=None)
        assert {"payout in flight = unresolved attempt", "no payout hangs"} <= found
