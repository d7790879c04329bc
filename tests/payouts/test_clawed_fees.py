"""W4's plan given back: what its creator earned at once of the fee above the face goes back with the money, once."""

import datetime as dt

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from billing.models import CreatorPull, Dispute, Refund, Subscription
from billing.operations import posting, refunds
from config.kit import clock
from marketplace.models import Creator
from payouts import clawed_fee_books
from payouts.models import ClawedFee
from payouts.operations import clawed_fees, runs
from payouts.queries import standing
from tests.support import creators, damage, disputing
from tests.support.checkout import NOW, refunded_unseen
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.runs import credits
from tests.support.subscribing import TIERS, subscribe
from wallets import chart, ledger, queries
from wallets.ledger import Leg, Source
from wallets.money import MICRO
from wallets.templatetags.money import credits_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

# $9.99 for 1,000 credits: 8,990 lie above their face, of which 80 % are Alice's.
ABOVE, HERS, OURS = 8_990 * MICRO, 7_192 * MICRO, 1_798 * MICRO


@pytest.fixture
def plan(stripe_standin: StripeStandin) -> Subscription:
    """Bob has paid for a month of Alice's plan, and the fee is split."""
    made = subscribe(open_customer(), for_sale("subscribed", TIERS, creator=open_creator()), stripe_standin)
    posting.post_splits(now=NOW)
    return made


def refund(plan: Subscription, cents: int, name: str = "re_1", *, lost: bool = False) -> None:
    """Let Stripe tell of a refund of it, or that it came back."""
    refunded_unseen(str(plan.payment_intent_id), name, cents, lost=lost)


def follow(claws: int = 1) -> None:
    assert clawed_fees.follow_due(now=NOW) == claws


def purse() -> tuple[int, int, int, int]:
    found = standing.purse(creator_id=Creator.objects.get().pk)
    return found.pending, found.payable, found.reserve, found.debt


def booked() -> tuple[int, int, int]:
    """What of the fee is issued, is the platform's own, and is its loss; the plan's own credits are clawed."""
    accounts = (chart.ISSUED["plan"], chart.PLATFORM_SHARE, chart.LOSS)
    issued, own, loss = (queries.platform_balance(account) for account in accounts)
    return -issued, own, loss


def shown(admin: Client, row: Model) -> str:
    """Read a row's page as staff."""
    place = reverse(f"admin:billing_{row._meta.model_name}_change", args=[row.pk])
    return admin.get(place).content.decode()


def test_a_refund_takes_it_and_one_that_comes_back_restores_it(plan: Subscription) -> None:
    assert purse() == (HERS, 0, 0, 0)
    refund(plan, 999)
    follow()
    assert (purse(), booked()) == ((0, 0, 0, 0), (0, 0, 0))
    assert (queries.platform_balance(chart.OWED), queries.platform_balance(chart.REVENUE)) == (0, 0)
    pull = CreatorPull.objects.get()
    assert (pull.cause_type, pull.cause_id, pull.from_pending, pull.to_loss) == ("refund", "re_1", HERS, 0)
    follow(0)

    refund(plan, 999, lost=True)
    follow()
    assert (purse(), booked()) == ((HERS, 0, 0, 0), (ABOVE + credits(1_000), OURS, 0))
    assert queries.platform_balance(chart.OWED) == 7_192_000
    follow(0)
    refund(plan, 999, "re_2")
    follow()
    assert (purse(), booked()) == ((0, 0, 0, 0), (0, 0, 0))


def test_staff_sees_who_gives_back_of_it_before_it_refunds(
    plan: Subscription, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    asked = admin_client.get(reverse("admin:billing_subscription_refund", args=[plan.pk]))
    place = reverse("admin:billing_refund_give", args=[plan.payment_intent_id])
    assert (asked.status_code, asked.headers["Location"]) == (302, place)

    page = admin_client.get(place, {"amount": "9.99"}).content.decode()

    preview = page.partition('id="fee-preview"')[2].partition("</table>")[0]
    for text in (str(Creator.objects.get()), credits_text(HERS), credits_text(OURS), credits_text(ABOVE)):
        assert text in preview
    said = {"amount": "9.99", "reason": "It was never what it said", "reference": "act_1"}
    answer = admin_client.post(place, said)
    assert answer.headers["Location"] == reverse("admin:billing_subscription_change", args=[plan.pk])
    refunds.send(refund=Refund.objects.get(), now=NOW)
    follow()
    assert (purse(), booked()) == ((0, 0, 0, 0), (0, 0, 0))
    assert Refund.objects.get().state == "refunded"
    # Nothing is left to give back, and a payment of nobody's has no page.
    assert admin_client.post(place, {**said, "reference": "act_2"}).status_code == 200
    assert Refund.objects.count() == 1
    assert admin_client.get(reverse("admin:billing_refund_give", args=["pi_none"])).status_code == 404


def test_parts_in_any_order_sum_to_all_of_it(plan: Subscription) -> None:
    for number, cents in enumerate((1, 332, 100)):
        refund(plan, cents, f"re_{number}")
    follow(3)
    assert purse()[0] == HERS - HERS * 433 // 999
    refund(plan, 332, "re_1", lost=True)
    # What was taken for it comes back to the micro; the next part makes up for what it was beside the whole.
    follow()
    refund(plan, 332, "re_3")
    refund(plan, 566, "re_4")
    follow(2)
    assert (purse(), booked()) == ((0, 0, 0, 0), (0, 0, 0))


def test_what_she_has_no_more_she_owes_to_her_cap_and_the_platform_bears_the_rest(
    plan: Subscription, settings: Settings
) -> None:
    settings.CREATOR_DEBT_CAP_CENTS = 50
    alice = Creator.objects.get()
    creators.spend_earnings(alice)
    loss = queries.platform_balance(chart.LOSS)
    refund(plan, 999)
    follow()
    made = ClawedFee.objects.get()
    assert (made.amount, made.pulled, made.own, made.lost) == (ABOVE, credits(500), OURS, credits(6_692))
    assert (purse(), queries.platform_balance(chart.LOSS) - loss) == (
        (0, 0, 0, -credits(500)),
        -credits(6_692),
    )
    # She pays half of her debt: of what comes back after that, as much is payable.
    owed = standing.purse(creator_id=alice.pk).wallets[chart.DEBT]
    legs = [Leg(owed, credits(250)), Leg(chart.LOSS, -credits(250))]
    ledger.post(
        kind="test", source=Source("test", "2"), actor="test", legs=legs, plug=chart.USD_LOSS, now=NOW
    )
    refund(plan, 999, lost=True)
    follow()
    assert purse() == (0, credits(250), 0, 0)
    assert sum(ClawedFee.objects.values_list("amount", flat=True)) == 0


def test_a_lost_dispute_takes_its_part_and_waits_for_the_fee_to_be_split(
    stripe_standin: StripeStandin, admin_client: Client
) -> None:
    """Of $9.99 half was given back: the dispute is over the rest. Nothing is earned before it is posted."""
    plan = subscribe(open_customer(), for_sale("subscribed", TIERS, creator=open_creator()), stripe_standin)
    refund(plan, 499)
    follow(0)
    posting.post_splits(now=NOW)
    follow()
    assert purse()[0] == HERS - HERS * 499 // 999
    disputing.disputed_unseen(str(plan.payment_intent_id), "needs_response", 500)
    follow(0)
    page = shown(admin_client, Dispute.objects.get())
    rest = HERS - HERS * 499 // 999
    for amount in (rest, OURS - OURS * 499 // 999):
        assert credits_text(amount) in page
    # What may be taken does not become payable while the bank decides.
    runs.prepare(period=creators.WEEK, actor=creators.OLIVE, now=creators.PAY_DAY)
    assert purse() == (0, 0, rest, 0)
    disputing.disputed_unseen(str(plan.payment_intent_id), "lost", 500)
    follow()
    assert (purse(), booked()) == ((0, 0, 0, 0), (0, 0, 0))
    assert CreatorPull.objects.latest("id").cause_type == "dispute_lost"
    for row, amount in ((Dispute.objects.get(), rest), (Refund.objects.get(), HERS - rest)):
        assert credits_text(amount) in shown(admin_client, row)


@pytest.mark.django_db(transaction=True)
def test_of_four_at_once_one_takes_it_and_damage_is_found(plan: Subscription) -> None:
    refund(plan, 333, "re_1")
    refund(plan, 333, "re_2")
    assert sorted(race(4, lambda _: clawed_fees.follow_due(now=NOW)), key=str) == [0, 0, 0, 2]
    assert purse()[0] == HERS - HERS * 666 // 999
    done = {
        "clawed fees are as much as went back": "UPDATE billing_earning SET amount = amount * 2",
        "each clawed fee has one bearer": "UPDATE payouts_clawedfee SET pulled = pulled + 1",
        "no clawed fee waits": "INSERT INTO wallets_claw (transaction_id, wallet_id, purchase, amount, usd, tax,"
        " deferred, carried, created_at) SELECT 0, wallet_id, purchase, 0, 1, 0, 0, 0, created_at FROM wallets_claw"
        " LIMIT 1",
    }
    # The proof reads through another connection as long as this lasts.
    with pytest.MonkeyPatch.context() as patched:
        damage.assert_each_is_found(
            patched,
            tables="payouts_",
            invariants=clawed_fee_books.INVARIANTS,
            damage=done,
            now=NOW + dt.timedelta(hours=1),
        )
