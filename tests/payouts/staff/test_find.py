"""One box finds whatever staff have at hand, and leads to the customer, the creator or the thing."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import ApiKey, User
from billing.models import Invoice
from billing.operations.invoices import credit_notes
from billing.operations.invoices.credit_notes import Credit
from config.kit import ids
from marketplace.models import PlanVersion
from payouts.models import Withdrawal
from payouts.queries.staff import by_id
from tests.payouts.staff.conftest import World
from tests.support import runs
from tests.support.people import MONDAY
from wallets.models import CreditGrant, Transaction

BOB, ALICE = "/admin/customers/", "/admin/creators/"


def looks(world: World) -> list[tuple[str, str]]:
    """What may be typed, and where it must lead."""
    grant = CreditGrant.objects.filter(wallet__owner_id=world.bob.pk).earliest("id")
    staff = User.objects.filter(is_staff=True).earliest("id")
    sent = Withdrawal.objects.create(
        amount_cents=1, coverage=10_000, reason="Rent", requested_by=staff, requested_at=MONDAY
    )
    invoice = Invoice.objects.get(public_id=world.invoice)
    credit = Credit(amount_cents=100, reason="Late", reference="n1", actor="staff:olive")
    note = credit_notes.give(invoice=invoice, credit=credit, now=MONDAY)
    version = PlanVersion.objects.earliest("id")
    return [
        (note.public_id, "/admin/billing/invoice/"),
        (version.public_id, "/admin/marketplace/planversion/"),
        (version.plan.public_id, "/admin/marketplace/planversion/"),
        (sent.public_id, "/admin/payouts/withdrawal/"),
        ("bob@example.com", BOB),
        ("Bob", BOB),
        (world.bob.public_id, BOB),
        (str(world.top_up.payment_intent_id), BOB),
        (f" {world.top_up.charge_id} ", BOB),
        (world.execution, BOB),
        (world.top_up.public_id, "/admin/billing/topup/"),
        (world.invoice, "/admin/billing/invoice/"),
        ("$12.34", "/admin/billing/invoice/"),
        ("10", "/admin/billing/topup/"),
        (runs.wallet_of(world.bob).public_id, BOB),
        (grant.public_id, BOB),
        (Transaction.objects.earliest("id").public_id, "/admin/wallets/transaction/"),
        (ApiKey.objects.get().prefix, BOB),
        (world.key, BOB),
        (world.alice.public_id, ALICE),
        ("alice", ALICE),
        (str(world.alice.payout_account.stripe_account_id), ALICE),
        (world.payout.public_id, "/admin/payouts/payout/"),
        ("alice-echo", "/admin/marketplace/agent/"),
    ]


def urls(client: Client, text: str) -> list[str]:
    return [found.url for found in client.get("/admin/find/", {"q": text}).context["found"]]


def test_it_finds_all_of_it(olive: Client, world: World) -> None:
    missed = [
        text for text, leads in looks(world) if not any(url.startswith(leads) for url in urls(olive, text))
    ]

    assert missed == []


def test_the_command_box_finds_ids_as_they_are_written(olive: Client, world: World) -> None:
    page = olive.get(
        "/admin/search/", {"s": str(world.top_up.payment_intent_id), "extended": "1"}
    ).content.decode()

    assert f"/admin/customers/{world.bob.public_id}/" in page


def test_it_looks_for_every_kind_of_id() -> None:
    # A reading of usage is on the page of its run, a statement on that of its payout.
    assert ids.PREFIXES - by_id.PREFIXES.keys() == {ids.USAGE_EVENT, ids.STATEMENT}


@pytest.mark.parametrize("text", ["", "   ", "pi_nothing", "\x00", "%", "x" * 500, "$", "-1", "exe_", "_"])
@pytest.mark.django_db
def test_it_finds_nothing_in_nonsense(olive: Client, text: str) -> None:
    assert olive.get("/admin/find/", {"q": text}).status_code == 200
    assert urls(olive, text) == []


def test_it_shows_only_what_one_may_see(client: Client, world: World) -> None:
    paul = User.objects.create_user("paul@example.com", "x", is_staff=True)
    client.force_login(paul)
    payment = str(world.top_up.payment_intent_id)
    assert urls(client, payment) == []
    paul.user_permissions.add(Permission.objects.get(codename="view_topup"))

    assert [url.split("/")[3] for url in urls(client, payment)] == ["topup"]
