"""Written-off arrears that are paid after all: who bore them has it back, from the end, each credit once."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import Customer, Membership, User
from billing.models import CreatorPull
from marketplace.models import Creator
from payouts import books
from payouts.models import WriteOffRecovery
from payouts.operations import recoveries
from payouts.queries import standing
from tests.payouts.test_write_offs import balance, in_arrears, write_off
from tests.support import checkout, creators, damage
from tests.support import ledger as ledger_support
from tests.support.checkout import NOW
from tests.support.races import race
from tests.support.runs import credits
from wallets import chart, ledger, queries
from wallets.ledger import Leg, Source
from wallets.models import WalletDebt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def written_off() -> WalletDebt:
    """Bob spent 1,500 credits of money that his bank gave him back; nobody thinks that he will pay."""
    debt = in_arrears()
    write_off(debt)
    return debt


def buy(debt: WalletDebt, amount: int, name: str) -> None:
    """Let the debtor buy so many credits."""
    ledger_support.buy(debt.wallet, cents=amount // 10, payment=name)


def purse(creator: Creator) -> tuple[int, int, int, int]:
    found = standing.purse(creator_id=creator.pk)
    return found.pending, found.payable, found.reserve, found.debt


def passed_on() -> tuple[int, int, int]:
    """Pass on what waits; give what the newest recovery brought creators, the platform's part and its loss."""
    assert recoveries.pass_on_due(now=NOW) == 1
    made = WriteOffRecovery.objects.latest("id")
    return made.returned, made.own, made.loss


def test_what_the_customer_buys_next_pays_and_goes_back_to_who_bore_it(client: Client) -> None:
    debt = written_off()
    customer = Customer.objects.get(pk=debt.wallet.owner_id)
    user = User.objects.create_user("bob@people.example", "correct horse battery")
    Membership.objects.create(user=user, customer=customer, created_at=NOW)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for page in ("billing:wallet", "billing:topup_new"):
        assert "1,500 credits were never paid for" in client.get(reverse(page)).content.decode()

    checkout.bought_unseen(customer, "pi_second")
    debt.refresh_from_db()
    assert (debt.written_off, debt.recovered, balance(debt)) == (
        credits(1_500),
        credits(1_500),
        credits(8_500),
    )
    assert queries.platform_balance(chart.LOSS) == credits(1_500)
    page = client.get(reverse("billing:wallet")).content.decode()
    assert "never paid for" not in page
    assert "Paid for what was written off" in page

    assert passed_on() == (credits(1_200), credits(300), 0)
    assert recoveries.pass_on_due(now=NOW) == 0
    creator = Creator.objects.get()
    assert purse(creator) == (credits(1_200), 0, 0, 0)
    assert sum(CreatorPull.objects.values_list("from_pending", flat=True)) == 0
    assert queries.platform_balance(chart.LOSS) == 0
    checkout.bought_unseen(customer, "pi_third")
    assert balance(debt) == credits(18_500)


def test_paid_in_parts_it_goes_back_from_the_end(settings: Settings) -> None:
    """Of 1,500 the platform had 300, the creator bore 500 as a debt and the platform's loss 700 in its place."""
    settings.CREATOR_DEBT_CAP_CENTS = 50
    debt = in_arrears()
    creator = Creator.objects.get()
    creators.spend_earnings(creator)
    write_off(debt)
    buy(debt, 400, "pi_a")
    assert passed_on() == (0, credits(300), credits(100))
    buy(debt, 700, "pi_b")
    assert (passed_on(), purse(creator)) == ((credits(100), 0, credits(600)), (0, 0, 0, -credits(400)))
    # The creator pays the rest of its debt: what comes back after that is payable.
    owed = standing.purse(creator_id=creator.pk).wallets[chart.DEBT]
    legs = [Leg(owed, credits(400)), Leg(chart.LOSS, -credits(400))]
    ledger.post(
        kind="test", source=Source("test", "2"), actor="test", legs=legs, plug=chart.USD_LOSS, now=NOW
    )
    buy(debt, 700, "pi_c")
    assert (passed_on(), purse(creator)) == ((credits(400), 0, 0), (0, credits(400), 0, 0))
    assert balance(debt) == credits(300)


def test_money_that_came_back_recovers_it_too_and_is_the_customers_once_it_has_paid() -> None:
    debt = written_off()
    checkout.refunded_unseen("pi_bob", "re_bob", 1_000, lost=True)
    assert balance(debt) == credits(8_500)
    assert passed_on() == (credits(1_200), credits(300), 0)
    assert purse(Creator.objects.get())[0] == credits(1_200)


def test_what_was_paid_again_before_its_money_came_back_is_the_customers() -> None:
    debt = written_off()
    checkout.bought_unseen(Customer.objects.get(pk=debt.wallet.owner_id), "pi_second")
    checkout.refunded_unseen("pi_bob", "re_bob", 1_000, lost=True)
    assert balance(debt) == credits(18_500)
    assert passed_on() == (credits(1_200), credits(300), 0)


@pytest.mark.django_db(transaction=True)
def test_of_four_at_once_one_passes_it_on_and_damage_is_found() -> None:
    debt = written_off()
    buy(debt, 2_000, "pi_a")
    assert sorted(race(4, lambda _: recoveries.pass_on_due(now=NOW)), key=str) == [0, 0, 0, 1]
    done = {
        "each written-off credit has one bearer": "UPDATE payouts_writeoffpart SET amount = amount * 2",
        "recovered write-offs go to who bore them": "UPDATE payouts_writeoffrecovery SET returned = returned + 1",
        "no recovery waits": "DELETE FROM payouts_writeoffrecovery",
    }
    # The proof reads through another connection as long as this lasts.
    with pytest.MonkeyPatch.context() as patched:
        damage.assert_each_is_found(
            patched,
            tables="payouts_",
            invariants=[invariant for invariant in books.INVARIANTS if invariant.name in done],
            damage=done,
            now=NOW + dt.timedelta(hours=1),
        )
