"""What staff and commands do to money is written down in the transaction that does it."""

import datetime as dt

import pytest

from accounts import audit
from accounts.models import AuditEntry
from billing.operations import promotions, vouchers
from billing.operations.invoices import closing, credit_notes
from billing.operations.invoices.credit_notes import Credit
from billing.operations.vouchers import Offer
from payouts.models import Payout
from payouts.operations import approvals
from payouts.states import PayoutStateError
from tests.support import catalogue, creators, invoicing
from tests.support import runs as agent_runs
from tests.support.processes import StripeStandin
from tests.support.staff import staff
from wallets.money import MICRO, Micros

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

NOW = creators.PAY_DAY


def test_each_act_has_its_entry_with_who_why_and_from_where(stripe_standin: StripeStandin) -> None:
    olive, bob = staff(), agent_runs.make_customer()
    payout = creators.drafted(creators.earning_creator(stripe_standin))
    first, second = (invoicing.issued(bob, 500, 500, now=NOW, name=name) for name in ("a", "b"))
    offer = Offer(
        name="Spring",
        amount=Micros(MICRO),
        uses_max=1,
        per_customer=1,
        starts_at=NOW,
        ends_at=NOW + dt.timedelta(days=1),
    )
    with audit.asked_from(olive.address):
        approvals.approve(payouts=[payout], actor=olive.actor, now=NOW)
        approvals.cancel(payouts=[payout], actor=olive.actor, now=NOW, reason="Wrong")
        closing.void(invoice=first, reason="Twice", actor=olive.actor, now=NOW)
        credit = Credit(amount_cents=100, reason="Late", reference="c1", actor=olive.actor)
        for _ in range(2):
            credit_notes.give(invoice=second, credit=credit, now=NOW)
            promotions.give(
                customer=bob, amount=MICRO, reason="Sorry", reference="g1", given_by=olive.user, now=NOW
            )
        closing.uncollectible(invoice=second, reason="Gone", actor=olive.actor, now=NOW)
        made = vouchers.make(code="SPRING-2026", offer=offer, created_by=olive.user, now=NOW)
        vouchers.stop(voucher=made, stopped_by=olive.user, now=NOW)

    found = AuditEntry.objects.filter(actor=olive.actor, address=olive.address).order_by("pk")
    assert list(found.values_list("act", "object_id", "reason")) == [
        ("payout.approve", payout.public_id, ""),
        ("payout.cancel", payout.public_id, "Wrong"),
        ("invoice.void", first.public_id, "Twice"),
        ("invoice.credit", second.public_id, "Late"),
        ("promogrant.give", bob.public_id, "Sorry"),
        ("invoice.uncollectible", second.public_id, "Gone"),
        ("voucher.make", str(made.pk), "Spring"),
        ("voucher.stop", str(made.pk), "Spring"),
    ]


def test_an_act_that_is_taken_back_leaves_no_entry_and_a_job_leaves_none(
    stripe_standin: StripeStandin,
) -> None:
    payout = creators.drafted(creators.earning_creator(stripe_standin))
    before = AuditEntry.objects.count()
    with pytest.raises(PayoutStateError):
        approvals.approve(payouts=[payout, payout], actor="staff:olive", now=NOW)
    approvals.approve(payouts=[Payout.objects.get()], actor=approvals.AUTOMATIC, now=NOW)

    assert AuditEntry.objects.count() == before
    assert Payout.objects.get().state == Payout.State.APPROVED


def test_a_command_is_named_by_its_own_name() -> None:
    catalogue.publish(now=NOW)

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.act, entry.address) == (
        "command:publish_catalogue",
        "catalogue.publish",
        None,
    )
