"""What a hold kept from an open dispute is frozen for it once the hold lets go: billing.operations.freed."""

from decimal import Decimal

import pytest

from billing.models import Dispute, Refund, TopUp
from billing.operations import executions, freed, refunds
from billing.operations.refunds import Ask, settling
from billing.queries import lineage
from billing.stripe.client import client as stripe_client
from tests.support import runs
from tests.support.checkout import NOW, bought_unseen, buy, refunded_unseen
from tests.support.disputing import ask_bank, available, decide, disputed_unseen, followed, opened
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.plans import current, on_sale, renew, settle_up
from tests.support.platform import bought
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.subscribing import TIERS, subscribe
from wallets import chart, queries
from wallets.models import CreditGrant, Transaction, WalletDebt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000
ALL = 10_000 * CREDIT
APRIL = NOW.replace(month=4)


def asked(top_up: TopUp, cents: int = 1_000) -> Refund:
    """Ask for a refund, which nobody sends yet: its credits are held."""
    payment = lineage.by_intent(intent_id=str(top_up.payment_intent_id))
    assert payment is not None
    ask = Ask(amount_cents=cents, principal="page:x", key="k1")
    return refunds.request(payment=payment, ask=ask, now=NOW)


def disputed(top_up: TopUp, status: str = "needs_response") -> Dispute:
    """Let Stripe tell of a dispute of all of a payment."""
    disputed_unseen(str(top_up.payment_intent_id), status, 1_000)
    return Dispute.objects.get(payment_intent_id=top_up.payment_intent_id)


@pytest.mark.parametrize("end", ["won", "lost"])
def test_of_a_refund_that_stripe_refuses_nothing_can_be_spent(
    stripe_standin: StripeStandin, end: str
) -> None:
    top_up = buy(open_customer(), stripe_standin)
    refund = asked(top_up)
    dispute = opened(stripe_standin, top_up)
    assert (dispute.frozen, dispute.at_stake) == (0, ALL)

    refunds.send(refund=refund, now=NOW)

    refund.refresh_from_db()
    dispute.refresh_from_db()
    assert (refund.state, available(top_up)) == ("failed", 0)
    assert (dispute.frozen, dispute.at_stake) == (ALL, 0)
    assert queries.platform_balance(chart.DISPUTED) == ALL
    decide(stripe_standin, dispute.stripe_id, end)
    followed(dispute.stripe_id)
    assert available(top_up) == (ALL if end == "won" else 0)
    assert not WalletDebt.objects.exists()


def test_a_refund_that_its_bank_hands_back_brings_no_more_than_is_disputed() -> None:
    top_up = bought_unseen(runs.make_customer())
    runs.charge(runs.make_agent(), top_up.customer, "spent", now=NOW, usage={"request": Decimal(40)})
    refunded_unseen("pi_first", "re_1", 500)
    disputed_unseen("pi_first", "needs_response", 500)
    assert (available(top_up), Dispute.objects.get().at_stake) == (0, 2_000 * CREDIT)

    refunded_unseen("pi_first", "re_1", 500, lost=True)

    dispute = Dispute.objects.get()
    assert (dispute.frozen, dispute.at_stake) == (5_000 * CREDIT, 0)
    assert available(top_up) == 3_000 * CREDIT


@pytest.mark.parametrize("refused", [True, False])
def test_of_a_refund_whose_hold_leaned_on_another_payment_that_is_disputed(refused: bool) -> None:
    """Holds lean in burn order: the refund of the second payment leans on the first one's credits."""
    first = bought_unseen(runs.make_customer())
    second = bought_unseen(first.customer, "pi_second")
    refund = asked(second)
    assert disputed(first).frozen == 0

    if refused:
        settling.refused(refund=refund, detail="No.", now=NOW)
    else:
        Refund.objects.filter(pk=refund.pk).update(stripe_refund_id="re_1")
        refunded_unseen("pi_second", "re_1", 1_000)

    assert Dispute.objects.get().frozen == ALL
    assert available(first) == (ALL if refused else 0)


def test_what_a_run_held_is_frozen_when_it_lets_go_and_no_more() -> None:
    top_up = bought_unseen(runs.make_customer())
    agent = runs.make_agent()
    held, settled = (
        runs.reserve(agent, top_up.customer, now=NOW, usage={"request": Decimal(count)}) for count in (40, 20)
    )
    assert disputed(top_up).at_stake == 3_000 * CREDIT
    assert freed.sweep(now=NOW) == 0

    executions.release(execution=str(held.execution), reason="a test", now=NOW)
    runs.settle(settled, requests=20, now=NOW)
    bought_unseen(top_up.customer, "pi_second")

    assert [freed.sweep(now=NOW), freed.sweep(now=NOW)] == [2_000 * CREDIT, 0]
    dispute = Dispute.objects.get()
    assert (dispute.frozen, dispute.at_stake) == (9_000 * CREDIT, 1_000 * CREDIT)
    assert available(top_up) == ALL
    assert list(Transaction.objects.filter(kind="dispute_frozen").values_list("source_id", flat=True)) == [
        f"dp_pi_first:{7_000 * CREDIT}"
    ]


def test_what_the_bank_decided_first_stays_free() -> None:
    top_up = bought_unseen(runs.make_customer())
    held = runs.reserve(runs.make_agent(), top_up.customer, now=NOW)
    disputed(top_up)
    disputed(top_up, "won")
    executions.release(execution=str(held.execution), reason="a test", now=NOW)

    assert freed.sweep(now=NOW) == 0
    assert available(top_up) == ALL


@pytest.mark.django_db(transaction=True)
def test_refunds_disputes_and_the_sweeper_at_once_free_nothing(no_deadlocks: None) -> None:
    first = bought_unseen(runs.make_customer())
    second = bought_unseen(first.customer, "pi_second")
    refund = asked(second)
    acts = (
        lambda: settling.refused(refund=refund, detail="No.", now=NOW),
        lambda: disputed(first),
        lambda: disputed(second),
        lambda: freed.sweep(now=NOW),
    )

    answers = race(8, lambda number: acts[number % 4]())

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    freed.sweep(now=NOW)
    assert available(first) == 0
    assert set(Dispute.objects.values_list("frozen", "at_stake")) == {(ALL, 0)}


def test_of_an_invoice_for_two_plans_both_wallets_are_frozen_and_clawed(
    stripe_standin: StripeStandin,
) -> None:
    on_sale()
    bob = open_customer()
    subscribe(bob, for_sale("subscribed", TIERS, creator=open_creator()), stripe_standin)
    plan = bought(stripe_standin, bob, "credits-pro", key="plan")
    renew(now=APRIL)
    settle_up(now=APRIL)
    intent_id = current(plan).payment_intent_id
    lots = CreditGrant.objects.filter(created_at=APRIL)
    assert len({lot.wallet_id for lot in lots}) == 2
    charge = stripe_client().v1.payment_intents.retrieve(intent_id).latest_charge

    dispute = followed(ask_bank(stripe_standin, str(charge)), now=APRIL)
    assert dispute.frozen == sum(lot.amount for lot in lots)
    decide(stripe_standin, dispute.stripe_id, "lost")
    followed(dispute.stripe_id, now=APRIL)

    assert [lot.voided == lot.amount for lot in lots.all()] == [True, True]
    assert not WalletDebt.objects.exists()
