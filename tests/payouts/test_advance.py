"""`manage.py advance`: time moves on, here and at the stand-in, and what falls due on the way is done."""

import datetime as dt

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from config.kit import clock
from payouts.models import Payout
from tests.support import ledger, runs
from tests.support.creators import connect_stripe, earn
from tests.support.processes import StripeStandin
from wallets.models import CreditGrant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)


def promise(*, expires_at: dt.datetime) -> CreditGrant:
    """Promise a customer 500 credits until a moment."""
    wallet = runs.wallet_of(runs.make_customer())
    ledger.promise(wallet, credits=500, expires_at=expires_at)
    return CreditGrant.objects.get()


def test_it_stops_where_something_falls_due(stripe_standin: StripeStandin) -> None:
    began = clock.now()
    grant = promise(expires_at=began + 3 * DAY)
    there = stripe_standin.get("/_sim/clock")["now"]
    call_command("advance", days=10)
    grant.refresh_from_db()
    assert (grant.remaining, grant.expired) == (0, grant.amount)
    assert began + 10 * DAY <= clock.now() < began + 11 * DAY
    assert stripe_standin.get("/_sim/clock")["now"] - there >= 10 * 86_400


def test_a_week_of_earnings_is_drafted_when_its_pay_day_has_passed(stripe_standin: StripeStandin) -> None:
    creator = runs.make_creator()
    agent = runs.make_agent("echo", creator=creator)
    earn(agent, runs.make_customer(credits=100_000), "alice-1", requests=1_000, now=clock.now())
    connect_stripe(creator, stripe_standin, now=clock.now())
    call_command("advance", days=14)
    assert [payout.amount_cents for payout in Payout.objects.all()] == [4_000]


@pytest.mark.parametrize(
    "options", [{}, {"days": -1}, {"days": 1, "to": dt.datetime(2031, 1, 1, tzinfo=dt.UTC)}]
)
def test_it_refuses_to_go_nowhere_or_back(stripe_standin: StripeStandin, options: dict[str, object]) -> None:
    before = clock.now()
    with pytest.raises(CommandError):
        call_command("advance", **options)
    assert clock.now() - before < DAY


def test_it_refuses_in_production(stripe_standin: StripeStandin, settings: LazySettings) -> None:
    there = stripe_standin.get("/_sim/clock")["offset"]
    settings.CLOCK_MOVABLE = False
    with pytest.raises(CommandError, match="development"):
        call_command("advance", days=1)
    assert stripe_standin.get("/_sim/clock")["offset"] == there


def test_it_refuses_beside_the_real_stripe(db: None, settings: LazySettings) -> None:
    settings.STRIPE_API_BASE = "https://api.example.com"
    with pytest.raises(CommandError, match="stand-in"):
        call_command("advance", days=1)
