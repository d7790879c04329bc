"""What customers and staff see of a dispute."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import User
from billing.models import Dispute
from billing.queries import disputed
from billing.stripe import links
from tests.support import runs
from tests.support.checkout import NOW, buy
from tests.support.disputing import decide, followed, opened
from tests.support.people import sign_up
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LIST = "admin:billing_dispute_changelist"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def dispute(client: Client, stripe_standin: StripeStandin) -> Dispute:
    """Sign Bob in, who spent 2,000 credits of a payment that is disputed."""
    user, bob = sign_up()
    client.force_login(user, backend=BACKEND)
    top_up = buy(bob, stripe_standin)
    runs.charge(runs.make_agent(), bob, "spent", now=NOW, usage={"request": Decimal(40)})
    return opened(stripe_standin, top_up)


def test_in_production_it_leads_to_the_dispute_itself(settings: Settings) -> None:
    settings.STRIPE_API_BASE, settings.STRIPE_LIVE_MODE = links.API, True
    assert links.page_of(stripe_id="du_1") == "https://dashboard.stripe.com/disputes/du_1"
    settings.STRIPE_LIVE_MODE = False
    assert links.page_of(stripe_id="dp_1") == "https://dashboard.stripe.com/test/disputes/dp_1"
    assert links.page_of(stripe_id="txn_1") == "https://dashboard.stripe.com/test/search?query=txn_1"


def test_the_customer_reads_what_is_frozen_and_why_until_it_is_over(
    client: Client, stripe_standin: StripeStandin, dispute: Dispute
) -> None:
    page = client.get("/wallet/").content.decode()

    assert "8,000 credits are frozen" in page
    assert "a payment of $10.00" in page
    assert "Frozen by a dispute" in page
    assert "Disputed payment of $10.00" in page
    assert dispute.stripe_id not in page
    decide(stripe_standin, dispute.stripe_id, "won")
    followed(dispute.stripe_id)
    page = client.get("/wallet/").content.decode()
    assert "credits are frozen" not in page
    assert "Given back after a dispute" in page


def test_staff_see_what_waits_for_an_answer_and_who_would_bear_what(
    dispute: Dispute, stripe_standin: StripeStandin
) -> None:
    (earned,) = disputed.earned(dispute=dispute)
    assert earned.amount == runs.credits(1_600)
    olive = Client()
    olive.force_login(
        User.objects.create_superuser("olive@example.com", "correct horse battery"), backend=BACKEND
    )

    assert "Disputes to answer" in olive.get(reverse("admin:index")).content.decode()
    listed = olive.get(reverse(LIST) + "?unanswered=yes").content.decode()
    assert dispute.stripe_id in listed
    page = olive.get(reverse("admin:billing_dispute_change", args=[dispute.pk])).content.decode()
    for text in (
        "8,000 paid credits",
        "Creators earned 1,600 credits",
        f"{stripe_standin.url}/objects/{dispute.stripe_id}",
        "Stripe took the money",
        "$15.00",
    ):
        assert text in page
    Dispute.objects.update(evidence_sent=True)
    assert "Disputes to answer" not in olive.get(reverse("admin:index")).content.decode()
