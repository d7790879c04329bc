"""W4: starter 1,000 credits a month at $9.99; pro 10,000 at $49.99: granted on the payment, the creator gets 80 %."""

import pytest

from billing.operations import posting
from tests.support.checkout import NOW
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, subscribe
from wallets import chart, queries
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000


@pytest.mark.parametrize(
    ("tier", "credits", "cents", "creator_at_once"),
    [("starter", 1_000, 999, 7_192), ("pro", 10_000, 4_999, 31_992)],
)
def test_the_first_months_credits_are_granted_once_paid(
    stripe_standin: StripeStandin, tier: str, credits: int, cents: int, creator_at_once: int
) -> None:
    alice, bob = open_creator(), open_customer()
    subscription = subscribe(bob, for_sale("subscribed", TIERS, creator=alice), stripe_standin, tier=tier)
    posting.post_splits(now=NOW)

    wallet = Wallet.objects.get(owner_type="consumer", owner_id=bob.pk, scope=alice.public_id)
    pending = Wallet.objects.get(owner_type="creator", owner_id=alice.pk, kind="pending")
    assert subscription.amount_cents == cents
    assert queries.balance(wallet=wallet, now=NOW).available == credits * CREDIT
    # At once: 80 % of what lies above the face. The rest, 80 % of the face, comes as the credits burn.
    assert pending.balance == creator_at_once * CREDIT
    assert (creator_at_once + credits * 8 // 10) * 10 == cents * 8 * 10
    assert queries.platform_balance(chart.CLEARING) == 0
