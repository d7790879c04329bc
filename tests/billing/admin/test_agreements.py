"""Agreements in the admin: previewed, made, amended, reworded and ended by the operations that the command uses."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, User
from config.kit import clock
from marketplace.models import Agreement
from tests.support import people
from tests.support.catalogue import publish
from tests.support.market import A_DAY

pytestmark = pytest.mark.django_db

AGREE = "admin:marketplace_agreement_agree"


@pytest.fixture
def bob(client: Client) -> Customer:
    """Bob, with Olive signed in and the plans on sale."""
    publish()
    olive = User.objects.create_superuser("olive@example.com", "correct horse battery")
    client.force_login(olive, backend="django.contrib.auth.backends.ModelBackend")
    return people.open_customer("bob", external_id="bob-at-home")


def said(**changes: Any) -> dict[str, Any]:
    """Give what staff fill in: 100,000 executions a month from the month after next on."""
    starts = (clock.now() + 40 * A_DAY).date().isoformat()
    return {
        "customer": "bob-at-home",
        "plan": "enterprise",
        "starts": starts,
        "months": "12",
        "metric": "execution",
        "committed": "100000",
        "sla": "99.9 %",
    } | changes


def step(client: Client, name: str, agreement: Agreement, **form: str) -> Any:
    """Take a step on an agreement."""
    page = reverse(f"admin:marketplace_agreement_{name}", args=[agreement.pk])
    assert client.get(page).status_code == 200
    return client.post(page, {"confirm": "1", **form})


def test_staff_see_what_a_year_costs_before_they_agree(client: Client, bob: Customer) -> None:
    assert client.get(reverse(AGREE)).status_code == 200

    shown = client.post(reverse(AGREE), said(preview="1")).content.decode()

    # 100,000 at $0.0064 whether used or not; half of it more at the standard $0.008.
    assert "$640.00 a month, $7,680.00 a year" in shown
    assert "committed, not used" in shown
    assert "$1,040.00 a month, $12,480.00 a year" in shown
    assert not Agreement.objects.exists()

    assert client.post(reverse(AGREE), said(confirm="1")).status_code == 302
    agreed = Agreement.objects.get(customer=bob)
    assert (agreed.discount_bp, agreed.terms) == (2_000, {"sla": "99.9 %"})
    assert agreed.created_by.startswith("staff:")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"customer": "nobody"}, "customer"),
        ({"starts": "soon"}, "starts"),
        ({"months": "11"}, "months"),
        ({"committed": "1.5"}, "committed"),
        ({"committed": "NaN"}, "committed"),
        ({"metric": "gb_months"}, "metric"),
        ({"discount": "100.01"}, "discount"),
        ({"sla": "x" * 1_001}, "sla"),
        ({"plan": "nothing"}, "plan"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    client: Client, bob: Customer, changes: dict[str, str], field: str
) -> None:
    for how in ("preview", "confirm"):
        answer = client.post(reverse(AGREE), said(**{how: "1"}, **changes))
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == [field]
    assert not Agreement.objects.exists()


def test_it_is_amended_reworded_and_ended_with_a_reason(client: Client, bob: Customer) -> None:
    client.post(reverse(AGREE), said(confirm="1"))
    agreed = Agreement.objects.get()
    overlapping = client.post(reverse(AGREE), said(preview="1"))
    assert "has an agreement over Enterprise" in overlapping.content.decode()

    assert step(client, "amend", agreed, **said(committed="500000")).context["form"].errors == {
        "reason": ["This field is required."]
    }
    assert step(client, "amend", agreed, **said(committed="500000", reason="More")).status_code == 302
    assert step(client, "reword", agreed, sla="99.99 %", reason="Better").status_code == 302
    last = (clock.now() + 90 * A_DAY).date().isoformat()
    past = step(client, "end", agreed, last="2020-01-01", reason="They left")
    assert list(past.context["form"].errors) == ["last"]
    assert step(client, "end", agreed, last=last, reason="They left").status_code == 302

    agreed.refresh_from_db()
    assert (int(agreed.committed), agreed.discount_bp) == (500_000, 3_500)
    assert (agreed.terms, agreed.ends_at.date().isoformat()) == ({"sla": "99.99 %"}, last)
    assert list(agreed.changes.order_by("pk").values_list("what", "reason")) == [
        ("amended", "More"),
        ("reworded", "Better"),
        ("ended", "They left"),
    ]
    page = client.get(reverse("admin:marketplace_agreement_change", args=[agreed.pk])).content.decode()
    assert "They left" in page
    assert client.get(reverse("admin:marketplace_agreement_changelist"), {"q": "bob"}).status_code == 200


def test_staff_without_the_right_may_not(client: Client, bob: Customer) -> None:
    viewer = User.objects.create_user("viewer@example.com", "correct horse battery", is_staff=True)
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(reverse(AGREE)).status_code == 403
    assert client.post(reverse(AGREE), said(confirm="1")).status_code == 403
