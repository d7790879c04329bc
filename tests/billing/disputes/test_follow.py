"""Following a dispute of a payment: disputes.follow and sweep."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.models import BalanceTransaction, Dispute, QuarantinedEvent, TopUp
from billing.operations import disputes, fees, refunds, topups
from billing.stripe import disputes as stripe_disputes
from billing.stripe.client import client as stripe_client
from config.kit import clock
from payouts.operations import gaps
from tests.support import runs
from tests.support.checkout import NOW, TEN_DOLLARS, ask, buy, pay
from tests.support.disputing import ask_bank, available, decide, followed, opened
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.webhooks import event_of, register, send
from wallets import chart, queries
from wallets.models import Transaction, WalletDebt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000
EVENTS = ("created", "funds_withdrawn", "funds_reinstated", "closed")


def cash() -> int:
    """Give our cash at Stripe, in cents."""
    return -queries.platform_balance(chart.STRIPE_CASH) // 10_000


def kinds() -> list[str]:
    """Name the transactions that disputes caused."""
    caused = Transaction.objects.filter(source_type="dispute").order_by("id")
    return list(caused.values_list("kind", flat=True))


def test_opened_it_takes_the_cash_and_the_fee_and_freezes_the_rest(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin, order=topups.order_of_package(slug="starter"))

    dispute = opened(stripe_standin, top_up)

    assert (dispute.state, dispute.top_up, dispute.customer) == ("open", top_up, top_up.customer)
    assert (dispute.withdrawn_cents, dispute.fee_cents, dispute.frozen) == (1_000, 1_500, 11_000 * CREDIT)
    assert dispute.evidence_due is not None
    assert available(top_up) == 0
    # The card's fee is one cost, the dispute's another, and each is booked by its own line (ledger.md rule 24, I33).
    assert queries.platform_balance(chart.STRIPE_FEES) == -590_000
    assert queries.platform_balance(chart.DISPUTE_FEES) == -15_000_000
    assert cash() == 1_000 - 59 - 1_000 - 1_500
    assert cash() == sum(BalanceTransaction.objects.values_list("net_cents", flat=True))
    assert queries.platform_balance(chart.DISPUTES) == -10_000_000


def test_won_it_gives_cash_and_credits_back_but_not_the_fee(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin)
    dispute = opened(stripe_standin, top_up)
    decide(stripe_standin, dispute.stripe_id, "won")

    dispute = followed(dispute.stripe_id)

    assert (dispute.state, dispute.closed_at) == ("won", NOW)
    assert [change.to_state for change in dispute.changes.order_by("id")] == ["inquiry", "open", "won"]
    assert available(top_up) == 10_000 * CREDIT
    assert queries.platform_balance(chart.DISPUTES) == 0
    assert cash() == 1_000 - 59 - 1_500


def test_lost_it_takes_what_is_left_and_the_rest_as_arrears(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin, order=topups.order_of_package(slug="starter"))
    agent = runs.make_agent()
    runs.charge(agent, top_up.customer, "spent", now=NOW, usage={"request": Decimal(40)})
    dispute = opened(stripe_standin, top_up)
    # The bonus burned first: 1,000 of it, and 1,000 of what was bought.
    assert dispute.frozen == 9_000 * CREDIT
    decide(stripe_standin, dispute.stripe_id, "lost")

    for _ in range(2):
        dispute = followed(dispute.stripe_id)

    assert (dispute.state, dispute.claw is not None) == ("lost", True)
    assert kinds() == ["dispute_opened", "dispute_thawed", "dispute_lost"]
    assert available(top_up) == -2_000 * CREDIT
    assert queries.platform_balance(chart.DISPUTES) == 0
    assert cash() == 1_000 - 59 - 1_000 - 1_500
    assert WalletDebt.objects.get().remaining == 2_000 * CREDIT


def test_lost_after_a_refund_it_takes_what_the_refund_left(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin)
    stripe_client().v1.refunds.create({"charge": top_up.charge_id, "amount": 400})
    refunds.sync(intent_id=top_up.payment_intent_id or "", now=NOW)

    dispute = opened(stripe_standin, top_up)
    assert (dispute.withdrawn_cents, dispute.frozen) == (600, 6_000 * CREDIT)
    decide(stripe_standin, dispute.stripe_id, "lost")
    followed(dispute.stripe_id)

    assert available(top_up) == 0
    assert not WalletDebt.objects.exists()
    assert queries.platform_balance(chart.DEFERRED) == 0


def test_of_a_part_it_freezes_the_part(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin)

    assert opened(stripe_standin, top_up, amount=250).frozen == 2_500 * CREDIT
    assert available(top_up) == 7_500 * CREDIT


def test_an_inquiry_moves_nothing_until_it_becomes_a_dispute(stripe_standin: StripeStandin) -> None:
    quiet, loud = (buy(open_customer(name), stripe_standin) for name in ("bob", "alice"))
    asked = [opened(stripe_standin, top_up, inquiry=True) for top_up in (quiet, loud)]
    assert [(each.state, each.frozen) for each in asked] == [("inquiry", 0)] * 2
    assert kinds() == []

    decide(stripe_standin, asked[0].stripe_id, "lost")
    stripe_standin.post(f"/_sim/disputes/{asked[1].stripe_id}/escalate")

    assert [followed(each.stripe_id).state for each in asked] == ["dropped", "open"]
    assert (available(quiet), available(loud)) == (10_000 * CREDIT, 0)


@pytest.mark.parametrize("order", [EVENTS, EVENTS[::-1]])
def test_its_events_in_any_order_and_twice_end_alike(
    stripe_standin: StripeStandin,
    client: Client,
    django_capture_on_commit_callbacks: Any,
    order: tuple[str, ...],
) -> None:
    endpoint = register()
    top_up = buy(open_customer(), stripe_standin)
    dispute_id = ask_bank(stripe_standin, top_up.charge_id)
    if order == EVENTS:
        # They come as they happen; turned round, everything has happened before the first of them comes.
        followed(dispute_id)
    decide(stripe_standin, dispute_id, "won")

    for name in [*order, *order]:
        with django_capture_on_commit_callbacks() as callbacks:
            assert send(client, endpoint, event_of(f"charge.dispute.{name}")).status_code == 200
        for call in callbacks:
            if hasattr(call, "args") and call.args[0] == "billing.follow_dispute":
                disputes.follow(dispute_id=call.args[-1]["dispute_id"], now=NOW)

    assert Dispute.objects.get().state == "won"
    assert kinds() == ["dispute_opened", "dispute_won"]
    assert available(top_up) == 10_000 * CREDIT
    assert cash() == 1_000 - 59 - 1_500


def test_a_read_that_was_overtaken_takes_nothing_back(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin)
    dispute_id = ask_bank(stripe_standin, top_up.charge_id)
    stale = stripe_disputes.retrieve(dispute_id=dispute_id)
    decide(stripe_standin, dispute_id, "won")
    followed(dispute_id)

    disputes.bring(found=stale, now=NOW)

    assert Dispute.objects.get().state == "won"
    assert available(top_up) == 10_000 * CREDIT
    assert not QuarantinedEvent.objects.exists()


def test_it_credits_the_payment_first_when_the_dispute_is_heard_of_before_it(
    stripe_standin: StripeStandin,
) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    charge = stripe_client().v1.charges.list({}).data[0].id

    dispute = followed(ask_bank(stripe_standin, charge))

    top_up.refresh_from_db()
    assert (top_up.status, dispute.state, available(top_up)) == (TopUp.Status.PAID, "open", 0)


def test_what_is_not_ours_goes_to_suspense_and_comes_back_from_it(stripe_standin: StripeStandin) -> None:
    strange = ask(open_customer("eve"))
    pay(stripe_standin, strange.stripe_session_id)
    charge = stripe_client().v1.charges.list({}).data[0].id
    TopUp.objects.filter(pk=strange.pk).delete()

    dispute_id = ask_bank(stripe_standin, charge)
    for _ in range(2):
        disputes.follow(dispute_id=dispute_id, now=NOW)
    assert queries.platform_balance(chart.SUSPENSE) == -10_000_000
    decide(stripe_standin, dispute_id, "won")
    disputes.follow(dispute_id=dispute_id, now=NOW)

    assert queries.platform_balance(chart.SUSPENSE) == 0
    assert QuarantinedEvent.objects.get().stripe_id == dispute_id
    assert not Dispute.objects.exists()


def test_the_sweeper_finds_what_no_event_told_of(
    stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any
) -> None:
    lost, known = (buy(open_customer(name), stripe_standin) for name in ("bob", "alice"))
    heard = opened(stripe_standin, known)
    unheard = ask_bank(stripe_standin, lost.charge_id)

    def swept() -> list[str]:
        with django_capture_on_commit_callbacks() as callbacks:
            disputes.sweep(now=NOW)
        found = [call.args[-1]["dispute_id"] for call in callbacks if hasattr(call, "args")]
        for dispute_id in found:
            followed(dispute_id)
        return found

    assert swept() == sorted([heard.stripe_id, unheard])
    decide(stripe_standin, heard.stripe_id, "won")
    assert heard.stripe_id in swept()
    assert swept() == [unheard]


def test_the_comparison_with_stripe_finds_it_too(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin)
    ask_bank(stripe_standin, top_up.charge_id)
    fees.sweep(now=clock.now())
    lines = BalanceTransaction.objects.filter(type="adjustment").values_list("stripe_id", flat=True)

    assert gaps.fill(line_ids=list(lines)) == 1

    assert (Dispute.objects.get().state, available(top_up)) == ("open", 0)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_book_each_step_once(no_deadlocks: None, stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin, order=TEN_DOLLARS)
    dispute_id = ask_bank(stripe_standin, top_up.charge_id)

    def call(number: int) -> None:
        if number == 3:
            decide(stripe_standin, dispute_id, "won")
        disputes.follow(dispute_id=dispute_id, now=NOW)

    assert race(6, call) == [None] * 6
    followed(dispute_id)
    assert kinds() == ["dispute_opened", "dispute_won"]
    assert available(top_up) == 10_000 * CREDIT
