"""Every invariant of purchases holds over a life of them, and finds its damage and only that."""

import datetime as dt
from typing import Final

import pytest

from billing import purchase_books, subscription_books
from billing.operations.subscriptions import cancelling, changing
from tests.support import damage
from tests.support.checkout import NOW, buy
from tests.support.market import for_sale
from tests.support.people import open_customer
from tests.support.plans import attach, on_sale, renew, settle_up
from tests.support.platform import bought, run
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, subscribe

pytestmark = pytest.mark.django_db(transaction=True)

APRIL: Final = NOW.replace(month=4)
HALFWAY: Final = NOW + dt.timedelta(days=15, hours=12)
INVARIANTS: Final = (*purchase_books.INVARIANTS, *subscription_books.INVARIANTS)
DAMAGE: Final = {
    "paid top-ups are credited once": "UPDATE billing_topup SET bonus_credits = 1 WHERE paid_at IS NOT NULL",
    "unpaid top-ups are not credited": "UPDATE billing_topup SET payment_intent_id = NULL",
    "fees are what Stripe took": "UPDATE billing_balancetransaction SET fee_cents = fee_cents + 1",
    "suspense is cleared within a day": "INSERT INTO wallets_transaction (public_id, kind, source_type, source_id,"
    " actor, description, occurred_at, recorded_at)"
    " VALUES ('ltx_x', 'suspense', 'x', 'x', 'x', '', '2026-03-30', '2026-03-30');"
    " INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount)"
    " SELECT id, wallets_platform('USD', 'suspense'), 'USD', 5 FROM wallets_transaction WHERE public_id = 'ltx_x'",
    "subscription periods are granted once": "UPDATE billing_subscriptionperiod SET credits = credits + 1"
    " WHERE number = 0",
    "live subscriptions have their period": "UPDATE billing_subscription"
    " SET current_period_end = current_period_end + interval '1 day'",
    "periods of a subscription do not overlap": "UPDATE billing_subscriptionperiod"
    " SET ends_at = ends_at + interval '1 day' WHERE number = 0 AND amount_cents > 0",
    "fees of periods are paid before they are granted": "UPDATE wallets_transaction SET kind = 'x'"
    " WHERE kind = 'subscription' AND source_type = 'subscription_period' AND source_id NOT LIKE '%:seats:%'",
    "added seats are granted once": "UPDATE billing_addedseats SET included = '{\"execution\": 1}'",
    "added seats are paid before they are granted": "UPDATE wallets_transaction SET source_id = source_id || 'x'"
    " WHERE kind = 'subscription' AND source_id LIKE '%:seats:%'",
    "what is withdrawn is voided": "UPDATE wallets_entry e SET amount = amount - 1"
    " FROM wallets_transaction t WHERE t.id = e.transaction_id AND t.kind = 'withdrawal' AND e.wallet_seq > 0",
    "money is given back for what was withdrawn": "UPDATE billing_invoiceline SET amount_cents = amount_cents - 1"
    " WHERE source LIKE '%:unused'",
    "trials are written down and cost nothing": "DELETE FROM billing_trial",
    "moves begin with a period, and not before their notice": "INSERT INTO billing_subscriptionmove (subscription_id,"
    " from_tier_id, tier_id, reason, actor, created_at, notice_days, told_at, state, closed_at, period_id)"
    " SELECT subscription_id, tier_id, tier_id, '', '', starts_at, 30, starts_at, 'done', starts_at, id"
    " FROM billing_subscriptionperiod WHERE number = 0 LIMIT 1",
    "append-only guards of purchases stand": "ALTER TABLE billing_subscriptionperiod"
    " DISABLE TRIGGER billing_subscriptionperiod_kept",
}


@pytest.fixture(autouse=True)
def _life(stripe_standin: StripeStandin) -> None:
    """Let a free plan and a creator's tier be renewed, credits be bought, a team grow and be left, a plan be tried."""
    on_sale()
    buy(open_customer("dora"), stripe_standin)
    attach(open_customer("charlie"), "credits-free")
    subscribe(open_customer(), for_sale("subscribed", TIERS), stripe_standin)
    _changes(stripe_standin)
    renew(now=APRIL)
    settle_up(now=APRIL)


def _changes(standin: StripeStandin) -> None:
    """Let Frank's team grow and be left, and let Erin try a plan."""
    team = bought(standin, open_customer("frank"), "team", quantity=2)
    changing.change(subscription_id=team.pk, tier_id=team.tier_id, quantity=4, actor="frank", now=HALFWAY)
    settle_up(now=HALFWAY)
    run(team.customer, 60_000, key="most", now=HALFWAY)
    cancelling.at_once(subscription_id=team.pk, actor="frank", now=HALFWAY)
    bought(standin, open_customer("erin"), "pro", trial=True)


def test_they_hold_and_each_damage_is_found_by_its_invariant_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    damage.assert_each_is_found(
        monkeypatch, tables="billing_", invariants=INVARIANTS, damage=DAMAGE, now=APRIL
    )
