"""What creators earned of disputed payments waits: it becomes payable when nobody can take it any more."""

import datetime as dt
from decimal import Decimal

import pytest
from pytest_django.fixtures import Settings

from accounts.models import Customer
from billing.models import Dispute
from marketplace.models import Creator
from payouts import calendar
from payouts.calendar import Period
from payouts.models import MaturedEarning, Payout, PayoutItem, ReserveHold, RiskTier, WriteOff
from payouts.operations import reserves, runs, terms, write_offs
from payouts.queries import preview, standing, statements, why
from tests.support import checkout, creators
from tests.support import runs as agent_runs
from tests.support.creators import NEXT_WEEK, NOW, OLIVE, PAY_DAY, PAY_DAY_AFTER, WEEK
from tests.support.disputing import disputed_unseen
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.runs import credits
from wallets import books
from wallets.models import Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)


def alice() -> Creator:
    """Earned 40 credits of Carol on Monday."""
    creator = agent_runs.make_creator()
    agent = agent_runs.make_agent(creator=creator)
    creators.earn(agent, agent_runs.make_customer("carol", credits=1_000), "carol")
    return creator


def bob_runs(creator: Creator, *requests: int, bonus_bp: int = 0) -> Customer:
    """Let Bob buy for $10 and spend 50 credits a request, one run after the other."""
    bob = agent_runs.make_customer()
    checkout.bought_unseen(bob, bonus_bp=bonus_bp)
    for number, count in enumerate(requests):
        usage = {"request": Decimal(count)}
        agent_runs.charge(creator.agents.get(), bob, f"bob-{number}", usage=usage, now=checkout.NOW)
    return bob


def bank(status: str, cents: int = 1_000) -> Dispute:
    """Tell how the dispute of Bob's payment stands."""
    disputed_unseen("pi_first", status, cents)
    return Dispute.objects.get()


def matured(period: Period = WEEK, now: dt.datetime = PAY_DAY) -> None:
    runs.prepare(period=period, actor=OLIVE, now=now)


def purse(creator: Creator) -> tuple[int, int, int, int]:
    found = standing.purse(creator_id=creator.pk)
    return found.pending, found.payable, found.reserve, found.debt


def told(creator: Creator, now: dt.datetime = PAY_DAY) -> dict[str, int | None]:
    return {reason.code: reason.amount for reason in why.not_paid(creator=creator, now=now).reasons}


def items(payout: Payout) -> dict[str, int]:
    return dict(PayoutItem.objects.filter(payout=payout).values_list("kind", "amount"))


def test_it_waits_while_the_dispute_is_open_and_goes_once_it_is_won(stripe_standin: StripeStandin) -> None:
    creator = alice()
    creators.connect_stripe(creator, stripe_standin)
    bob_runs(creator, 30)
    bank("needs_response")
    assert (told(creator, NOW)["disputed"], told(creator, NOW)["maturing"]) == (credits(1_200), credits(40))
    (line,) = preview.preview(period=WEEK).included
    matured()
    assert (line.payable, purse(creator)) == (credits(40), (0, credits(40), credits(1_200), 0))
    hold = ReserveHold.objects.get()
    assert (hold.dispute, hold.amount, hold.release_at) == (Dispute.objects.get(), credits(1_200), None)
    assert told(creator)["disputed"] == credits(1_200)
    assert "reserve" not in told(creator)
    assert reserves.release_due(now=PAY_DAY + DAY * 400) == 0

    bank("won")
    assert (reserves.release_due(now=PAY_DAY), reserves.release_due(now=PAY_DAY)) == (credits(1_200), 0)
    assert purse(creator) == (0, credits(1_240), 0, 0)
    assert "disputed" not in told(creator)
    first = Payout.objects.get()
    assert items(first) == {"earnings": credits(1_240), "dispute_held": -credits(1_200)}
    matured(NEXT_WEEK, PAY_DAY_AFTER)
    second = Payout.objects.latest("id")
    assert items(second) == {"dispute_released": credits(1_200)}
    assert not [wrong for one in (first, second) for wrong in statements.problems(statement=one.statement)]


def test_what_is_lost_waits_on_until_its_bearer_is_known(settings: Settings) -> None:
    settings.LOST_DISPUTES_WRITTEN_OFF_AFTER_DAYS = 5
    creator = alice()
    bob_runs(creator, 30)
    bank("needs_response")
    matured()
    bank("lost")
    assert reserves.release_due(now=PAY_DAY) == 0
    assert told(creator)["disputed"] == credits(1_200)

    assert write_offs.write_off_due(now=checkout.NOW + DAY * 5) == 1
    assert WriteOff.objects.get().pulled == credits(1_200)
    # First payable, then of the reserve; what is left of the hold is then the creator's.
    assert purse(creator) == (0, 0, credits(40), 0)
    assert (reserves.release_due(now=PAY_DAY), purse(creator)) == (credits(40), (0, credits(40), 0, 0))
    assert "disputed" not in told(creator)


def test_what_is_lost_and_paid_again_is_the_creators() -> None:
    creator = alice()
    bob = bob_runs(creator, 30)
    bank("needs_response")
    bank("lost")
    matured()
    assert purse(creator) == (0, credits(40), credits(1_200), 0)
    checkout.bought_unseen(bob, "pi_second")
    assert reserves.release_due(now=PAY_DAY) == credits(1_200)
    assert purse(creator) == (0, credits(1_240), 0, 0)


def test_of_a_part_only_what_would_be_borne_waits_by_what_it_earned() -> None:
    """11,000 were bought, 10,500 spent; half of the payment is disputed: 5,500, of which 500 are there to freeze."""
    creator = alice()
    bob_runs(creator, 10, 200, bonus_bp=1_000)
    dispute = bank("needs_response", 500)
    assert (dispute.frozen, dispute.at_stake) == (credits(500), credits(5_000))
    tier = RiskTier.objects.get(slug="watched")  # 10 % for 30 days
    terms.set_tier(creator=creator, tier=tier, actor=OLIVE, reason="A test", now=NOW)
    later = calendar.period_of(day=NOW.date(), window=10)
    matured(later, later.matures_at)
    # The newest run burned 500 of the bonus, which earned half, then 9,500 that were paid: those are at stake.
    earned = credits(40 + 200 + 200 + 7_600)
    assert MaturedEarning.objects.get().amount == earned
    assert set(ReserveHold.objects.values_list("dispute", "amount")) == {
        (dispute.pk, credits(4_000)),
        (None, (earned - credits(4_000)) // 10),
    }
    assert told(creator, later.matures_at)["reserve"] == (earned - credits(4_000)) // 10


def test_what_was_payable_before_it_was_disputed_stays() -> None:
    creator = alice()
    bob_runs(creator, 30)
    matured()
    bank("needs_response")
    assert purse(creator) == (0, credits(1_240), 0, 0)
    assert not ReserveHold.objects.exists()


def test_a_hold_that_is_let_go_too_early_or_is_too_large_is_found() -> None:
    creator = alice()
    bob_runs(creator, 30)
    bank("needs_response")
    matured()
    hold = ReserveHold.objects.filter(creator=creator)
    for damage in ({"released_at": PAY_DAY, "released": credits(1_200)}, {"amount": credits(1_241)}):
        before = hold.values(*damage).get()
        hold.update(**damage)
        assert "disputed earnings wait" in {found.name for found in books.violations(now=PAY_DAY)}
        hold.update(**before)


@pytest.mark.django_db(transaction=True)
def test_won_while_it_matures_it_is_paid_all_the_same() -> None:
    creator = alice()
    bob_runs(creator, 30)
    bank("needs_response")
    acts = (matured, lambda: bank("won"), lambda: reserves.release_due(now=PAY_DAY), matured)
    answers = race(4, lambda number: acts[number]())
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    reserves.release_due(now=PAY_DAY)
    assert purse(creator) == (0, credits(1_240), 0, 0)
    assert Transaction.objects.filter(kind="maturity").count() == 1
