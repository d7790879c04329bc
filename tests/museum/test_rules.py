"""Three rules of the ledger that random runs do not see broken, so that each has a test of its own."""

import datetime as dt

import pytest
from django.db import transaction

from tests.museum.exhibits import rule
from tests.support import ledger, runs
from tests.support.runs import MONDAY, credits
from wallets import chart, debts, grants, queries
from wallets.calls import InsufficientCreditsError
from wallets.ledger import Leg, Source, post
from wallets.models import CreditGrant, Entry, GrantDrawdown, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

TOMORROW = MONDAY + dt.timedelta(days=1)


@rule
def test_expiry_leaves_what_a_hold_leans_on() -> None:
    """A hold leans on the grants it would burn; expiry takes their rest, though more is available (rule 10)."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=100)
    wallet = runs.wallet_of(bob)
    ledger.promise(wallet, credits=100, expires_at=TOMORROW)
    running = runs.reserve(agent, bob, ttl_seconds=86_400)

    # 150 are available: without the rule all of the promotion would go, and the run would be paid with money.
    assert grants.expire_due(wallet_id=wallet.pk, now=TOMORROW) == credits(50)
    runs.settle(running, now=TOMORROW)

    drawn = GrantDrawdown.objects.values_list("grant__funding_class", "amount")
    assert list(drawn) == [("promo", credits(50))]
    assert queries.balance(wallet=wallet, now=TOMORROW).available == credits(100)


@rule
def test_a_promotion_never_pays_overage() -> None:
    """A promotion fills the hole that overage left, and leaves the debt: else it would pay an invoice (rule 6)."""
    agent, bob = runs.make_agent(), runs.make_customer()
    wallet = runs.wallet_of(bob)
    debts.set_overdraft(wallet_id=wallet.pk, limit=credits(1_000), now=MONDAY)
    ledger.promise(wallet, credits=10)
    runs.charge(agent, bob, "below")

    ledger.promise(wallet, credits=100, source="promo_2")

    assert list(CreditGrant.objects.order_by("id").values_list("remaining", flat=True)) == [0, credits(100)]
    assert debts.owed(wallet_id=wallet.pk) == credits(40)
    assert queries.balance(wallet=wallet, now=MONDAY).available == credits(60)


@rule
def test_a_creators_debt_stops_at_its_cap() -> None:
    """A creator owes its debt wallet's limit at most; a leg beyond it is refused and leaves nothing (rule 15)."""
    debt = ledger.open_creator_wallet(kind=chart.DEBT)

    def write_off(amount: int, source: str) -> None:
        with transaction.atomic():
            post(
                kind="write_off",
                source=Source("test", source),
                actor="test",
                legs=[Leg(debt.pk, -amount), Leg(chart.LOSS, amount)],
                plug=chart.USD_LOSS,
                now=MONDAY,
            )

    with pytest.raises(InsufficientCreditsError):
        write_off(1, "without a limit")
    Wallet.objects.filter(pk=debt.pk).update(overdraft_limit=credits(100))
    write_off(credits(60), "first")
    with pytest.raises(InsufficientCreditsError):
        write_off(credits(40) + 1, "a micro too much")
    write_off(credits(40), "to the cap")

    debt.refresh_from_db()
    assert debt.balance == -credits(100)
    assert queries.platform_balance(chart.CREATOR_DEBT) == -100_000
    assert Entry.objects.filter(wallet=debt).count() == 2
