"""What a run would do: its sum is of everyone, however many the page lists, and as many questions find it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from djstripe.models import Account
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import Customer
from marketplace.models import Creator
from payouts.models import PayoutAccount
from payouts.queries.preview import SHOWN_MAX, Line, Preview, preview
from tests.support import creators, runs

CAN_BE_PAID = {"details_submitted": True, "payouts_enabled": True, "capabilities": {"transfers": "active"}}


def test_its_sum_counts_those_that_the_page_does_not_list() -> None:
    lines = [Line(f"creator {number}", number, payable=1, cents=100) for number in range(SHOWN_MAX + 1)]
    found = Preview(included=lines, excluded=lines, drafted=0)

    assert (len(found.shown), len(found.left_out)) == (SHOWN_MAX, SHOWN_MAX)
    assert found.total_usd == (SHOWN_MAX + 1) * 1_000_000


def earns(number: int, consumer: Customer) -> None:
    """Let one more creator, who can be paid, earn $0.04."""
    creator = runs.make_creator(f"creator-{number}")
    agent = runs.make_agent(f"agent-{number}", creator=creator)
    creators.earn(agent, consumer, f"run-{number}")
    account_id = f"acct_{number}"
    Account.objects.create(id=account_id, stripe_data={"id": account_id, **CAN_BE_PAID})
    PayoutAccount.objects.create(creator=creator, stripe_account_id=account_id, requested_at=creators.NOW)


@pytest.mark.django_db
@pytest.mark.usefixtures("books")
def test_thirty_creators_ask_for_no_more_than_three(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    bob = runs.make_customer("bob", credits=10_000)
    for number in range(3):
        earns(number, bob)
    with CaptureQueriesContext(connection) as asked:
        assert [line.cents for line in preview(period=creators.WEEK).included] == [4] * 3
    for number in range(3, 30):
        earns(number, bob)
    assert Creator.objects.count() == 30
    with django_assert_num_queries(len(asked)):
        assert [line.cents for line in preview(period=creators.WEEK).included] == [4] * 30
