import datetime as dt

import pytest

from billing.stripe.client import client
from billing.stripe.errors import StripeUnavailableError
from payouts.models import PayoutAccount
from payouts.operations import onboarding
from payouts.operations.onboarding import Addresses, NotConnectedError
from payouts.stripe import connect
from tests.support.creators import NOW, change_account, connect_stripe
from tests.support.processes import StripeStandin
from tests.support.runs import make_creator

pytestmark = pytest.mark.django_db

BACK = Addresses(
    return_url="https://farebox.example/creator/connect/", refresh_url="https://farebox.example/again/"
)


def accounts_at_stripe() -> list[str]:
    return [account.id for account in client().v1.accounts.list().data]


class TestStart:
    def test_it_makes_an_express_equivalent_account_with_transfers_only(
        self, stripe_standin: StripeStandin
    ) -> None:
        alice = make_creator()
        onboarding.start(creator=alice, addresses=BACK, now=NOW)
        (account_id,) = accounts_at_stripe()
        made = client().v1.accounts.retrieve(account_id)
        assert made.controller is not None
        assert made.controller.requirement_collection == "stripe"
        assert made.controller.stripe_dashboard is not None
        assert made.controller.stripe_dashboard.type == "express"
        assert made.capabilities is not None
        assert list(made.capabilities.to_dict()) == ["transfers"]
        assert made.metadata is not None
        assert made.metadata["creator"] == alice.public_id

    def test_it_syncs_dj_stripes_row_before_the_first_webhook(self, stripe_standin: StripeStandin) -> None:
        alice = make_creator()
        onboarding.start(creator=alice, addresses=BACK, now=NOW)
        account = PayoutAccount.objects.get(creator=alice)
        state = connect.synced(account_id=account.stripe_account_id or "")
        assert state is not None
        assert (state.details_submitted, account.details_submitted, account.can_be_paid) == (
            False,
            False,
            False,
        )
        assert account.requirements_due

    def test_it_makes_a_fresh_link_each_time_and_one_account(self, stripe_standin: StripeStandin) -> None:
        alice = make_creator()
        links = {onboarding.start(creator=alice, addresses=BACK, now=NOW) for _ in range(3)}
        assert len(links) == 3
        assert len(accounts_at_stripe()) == 1

    def test_it_makes_one_account_when_the_answer_is_lost(self, stripe_standin: StripeStandin) -> None:
        alice = make_creator()
        stripe_standin.post("/_sim/faults", kind="drop_after", method="POST", path="/v1/accounts", count=3)
        with pytest.raises(StripeUnavailableError):
            onboarding.start(creator=alice, addresses=BACK, now=NOW)
        assert PayoutAccount.objects.get(creator=alice).stripe_account_id is None
        onboarding.start(creator=alice, addresses=BACK, now=NOW + dt.timedelta(minutes=1))
        assert len(accounts_at_stripe()) == 1

    def test_it_finds_the_lost_account_when_the_key_is_a_day_old(self, stripe_standin: StripeStandin) -> None:
        alice = make_creator()
        stripe_standin.post("/_sim/faults", kind="drop_after", method="POST", path="/v1/accounts", count=3)
        with pytest.raises(StripeUnavailableError):
            onboarding.start(creator=alice, addresses=BACK, now=NOW)
        stripe_standin.post("/_sim/clock/advance", days=2)
        onboarding.start(creator=alice, addresses=BACK, now=NOW + dt.timedelta(days=2))
        assert accounts_at_stripe() == [PayoutAccount.objects.get(creator=alice).stripe_account_id]


class TestSync:
    def test_it_copies_what_stripe_says(self, stripe_standin: StripeStandin) -> None:
        account = connect_stripe(make_creator(), stripe_standin)
        assert (account.payouts_enabled, account.transfers, account.details_submitted) == (
            True,
            "active",
            True,
        )
        assert account.can_be_paid
        change_account(account, stripe_standin, state="restricted")
        account.refresh_from_db()
        assert not account.can_be_paid
        assert account.disabled_reason
        assert account.requirements_due

    def test_it_lets_a_stranger_be(self, stripe_standin: StripeStandin) -> None:
        onboarding.sync(stripe_account_id="acct_stranger", now=NOW)
        assert not PayoutAccount.objects.exists()

    def test_it_reads_again_accounts_of_which_nothing_was_heard(self, stripe_standin: StripeStandin) -> None:
        account = connect_stripe(make_creator(), stripe_standin)
        stripe_standin.post(f"/_sim/accounts/{account.stripe_account_id}", state="restricted")
        assert onboarding.resync_stale(now=NOW) == 0
        assert onboarding.resync_stale(now=NOW + onboarding.STALE_AFTER) == 1
        account.refresh_from_db()
        assert not account.can_be_paid


class TestDashboard:
    def test_it_gives_a_login_link(self, stripe_standin: StripeStandin) -> None:
        alice = make_creator()
        connect_stripe(alice, stripe_standin)
        assert onboarding.dashboard(creator=alice).startswith(stripe_standin.url)

    def test_it_refuses_before_stripe_is_connected(self) -> None:
        with pytest.raises(NotConnectedError):
            onboarding.dashboard(creator=make_creator())
