"""The staff's pages of one customer and one creator: everything, linked both ways, in few queries."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, StaffNote, User
from payouts.queries.staff import tables
from tests.payouts.staff.conftest import World
from tests.support import runs
from tests.support.ledger import MONDAY
from tests.support.staff import staff
from wallets import adjustments
from wallets.templatetags.money import cents

QUERIES_MAX = 40


def counted(queries: CaptureQueriesContext) -> int:
    """Count what a page asked, but for the clock, which is only read now and then."""
    return sum("clock_offset" not in query["sql"] for query in queries.captured_queries)


def page_of(world: World, who: str) -> str:
    return f"/admin/{who}s/{(world.bob if who == 'customer' else world.alice).public_id}/"


def test_a_customers_page_shows_all_and_leads_on(olive: Client, world: World) -> None:
    wallet = runs.wallet_of(world.bob)
    adjustments.request(
        wallet=wallet, amount=5_000_000, reason="a gift", reference="adj_1", by=staff("olive"), now=MONDAY
    )

    page = olive.get(page_of(world, "customer")).content.decode()

    for shown in (
        *(
            "bob@example.com",
            wallet.public_id[:11],
            world.execution,
            world.top_up.public_id,
            str(world.top_up.payment_intent_id),
        ),
        *(world.invoice, "$12.34", "$10.00", "starter", "a gift", "adjustment.request", "10.1.2.3"),
        f"/admin/wallets/wallet/{wallet.pk}/adjust",
    ):
        assert shown in page, shown


def test_a_creators_page_shows_all_and_leads_on(olive: Client, world: World) -> None:
    page = olive.get(page_of(world, "creator")).content.decode()

    account = world.alice.payout_account.stripe_account_id
    for shown in (
        account,
        world.payout.public_id,
        "alice-echo",
        "Pending",
        "Payable",
        "Reserve",
        "Debt",
        cents(world.payout.amount_cents),
    ):
        assert str(shown) in page, shown
    customers_page = f"/admin/customers/{world.alice.customer.public_id}/"
    assert customers_page in page
    assert page_of(world, "creator") in olive.get(customers_page).content.decode()
    assert page_of(world, "creator") in olive.get("/admin/payouts/payout/").content.decode()


@pytest.mark.parametrize("who", ["customer", "creator"])
def test_more_rows_take_no_more_queries_and_are_paged(olive: Client, world: World, who: str) -> None:
    echo = world.alice.agents.get(slug="alice-echo")
    runs.charge(echo, world.bob, "one-more")
    olive.get(page_of(world, who))
    with CaptureQueriesContext(connection) as before:
        olive.get(page_of(world, who))
    for number in range(tables.ROWS + 2):
        runs.charge(echo, world.bob, f"more-{number}")

    with CaptureQueriesContext(connection) as after:
        page = olive.get(page_of(world, who))

    assert counted(after) <= counted(before) <= QUERIES_MAX
    if who == "customer":
        older = next(table.older for table in page.context["page"].tables if table.slug == "runs")
        assert world.execution not in page.content.decode()
        assert world.execution in olive.get(page_of(world, who) + older.partition("#")[0]).content.decode()


def test_a_note_is_kept_shown_on_both_pages_and_audited(olive: Client, world: World) -> None:
    bob, alice = world.bob.public_id, world.alice
    olive.post(f"/admin/customers/{bob}/note/", {"text": "  Called: <b>angry</b> "})
    back = olive.post(
        f"/admin/customers/{alice.customer.public_id}/note/", {"text": "Owes us", "creator": alice.public_id}
    )
    olive.post(f"/admin/customers/{bob}/note/", {"text": " "})
    olive.post(f"/admin/customers/{bob}/note/", {"text": "x" * 2001})

    assert "Called: &lt;b&gt;angry&lt;/b&gt;" in olive.get(page_of(world, "customer")).content.decode()
    assert "Owes us" in olive.get(back["Location"]).content.decode()
    assert StaffNote.objects.count() == 2
    assert list(AuditEntry.objects.order_by("id").values_list("act", "object_id")) == [
        ("customer.note", bob),
        ("customer.note", alice.customer.public_id),
    ]


def test_strangers_and_staff_without_permission_may_not(client: Client, world: World) -> None:
    pages = [page_of(world, "customer"), page_of(world, "creator")]
    client.force_login(User.objects.create_user("charlie@example.com", "x"))
    assert [client.get(page).status_code for page in pages] == [302, 302]
    paul = User.objects.create_user("paul@example.com", "x", is_staff=True)
    client.force_login(paul)
    assert [client.get(page).status_code for page in pages] == [403, 403]
    assert client.post(f"{pages[0]}note/", {"text": "x"}).status_code == 403
    paul.user_permissions.add(*Permission.objects.filter(codename__in=["view_customer", "view_wallet"]))

    shown = client.get(pages[0]).content.decode()

    assert "bob@example.com" in shown
    assert "Look, read only" not in shown
