"""What is burned below zero is a debt: who may, what pays it, what becomes of the balance (ledger.md rules 5 to 7)."""

import pytest
from django.db import Error, transaction

from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, promise
from tests.support.races import race
from wallets import chart, debts, holds, queries
from wallets.calls import InsufficientCreditsError, NotOwedError
from wallets.ledger import Source
from wallets.models import CreditGrant, GrantDrawdown, Transaction, Wallet, WalletDebt

pytestmark = [pytest.mark.django_db]
INVOICE = Source("invoice_line", "inl_1")


def burn(wallet: Wallet, credits: int, source: str = "e1", *, hold_id: int | None = None) -> None:
    """Charge a wallet."""
    with transaction.atomic():
        holds.capture(
            wallet_id=wallet.pk,
            amount=credits * CREDIT,
            hold_id=hold_id,
            source=Source("execution", source),
            actor="test",
            now=MONDAY,
        )


def in_debt(*, below: int = 100, grants: int = 60) -> Wallet:
    """A wallet that may go far below zero, and has gone below it."""
    wallet = open_consumer_wallet()
    promise(wallet, credits=grants)
    debts.set_overdraft(wallet_id=wallet.pk, limit=1_000 * CREDIT, now=MONDAY)
    burn(wallet, grants + below)
    return fresh(wallet)


def fresh(wallet: Wallet) -> Wallet:
    """Read it again."""
    return Wallet.objects.get(pk=wallet.pk)


def bill(wallet: Wallet, credits: int, cents: int, source: Source = INVOICE) -> bool:
    """Bill overage; tell whether it had been billed."""
    return debts.bill(
        wallet_id=wallet.pk, amount=credits * CREDIT, bill_cents=cents, source=source, now=MONDAY
    ).replayed


class TestBurning:
    def test_it_burns_the_grants_first_and_owes_the_rest(self) -> None:
        wallet = in_debt()

        assert wallet.balance == -100 * CREDIT
        assert debts.owed(wallet_id=wallet.pk) == 100 * CREDIT
        drawn = GrantDrawdown.objects.order_by("id").values_list(
            "grant__funding_class", "debt__kind", "amount", "cash"
        )
        assert list(drawn) == [("promo", None, 60 * CREDIT, 0), (None, "overage", 100 * CREDIT, 100_000)]

    def test_one_open_debt_grows(self) -> None:
        wallet = in_debt()
        burn(wallet, 11, "e2")

        debt = WalletDebt.objects.get()
        assert (debt.amount, debt.remaining, debt.carried) == (111 * CREDIT, 111 * CREDIT, 111_000)

    def test_it_carries_end_points_not_rounded_steps(self) -> None:
        """A thousand runs of half a micro-dollar are worth 500 micro-dollars."""
        wallet = open_consumer_wallet()
        debts.set_overdraft(wallet_id=wallet.pk, limit=CREDIT, now=MONDAY)
        for number in range(10):
            holds.capture(
                wallet_id=wallet.pk,
                amount=500,
                hold_id=None,
                source=Source("execution", str(number)),
                actor="test",
                now=MONDAY,
            )

        assert WalletDebt.objects.get().carried == 5

    def test_it_stops_at_the_limit(self) -> None:
        wallet = in_debt(below=1_000)

        with pytest.raises(InsufficientCreditsError):
            burn(wallet, 1, "e2")
        assert fresh(wallet).balance == -1_000 * CREDIT

    def test_nobody_owes_without_a_limit(self) -> None:
        wallet = open_consumer_wallet()

        with pytest.raises(InsufficientCreditsError):
            burn(wallet, 1)
        assert not WalletDebt.objects.exists()

    def test_a_hold_may_lean_on_the_limit(self) -> None:
        wallet = open_consumer_wallet()
        debts.set_overdraft(wallet_id=wallet.pk, limit=10 * CREDIT, now=MONDAY)
        placed = holds.place(
            wallet_ids=[wallet.pk],
            amount=10 * CREDIT,
            source=Source("execution", "e1"),
            expires_at=MONDAY.replace(year=2030),
            now=MONDAY,
        )

        assert placed.available == 0
        burn(wallet, 7, hold_id=placed.hold_id)
        assert debts.owed(wallet_id=wallet.pk) == 7 * CREDIT


class TestSetOverdraft:
    def test_it_is_never_below_what_is_used(self) -> None:
        wallet = in_debt(below=100)

        assert debts.set_overdraft(wallet_id=wallet.pk, limit=0, now=MONDAY) == 100 * CREDIT
        with pytest.raises(InsufficientCreditsError):
            burn(wallet, 1, "e2")

    def test_it_is_never_negative(self) -> None:
        wallet = open_consumer_wallet()

        assert debts.set_overdraft(wallet_id=wallet.pk, limit=-5, now=MONDAY) == 0


class TestBill:
    def test_the_balance_comes_up_by_what_is_billed(self) -> None:
        wallet = in_debt()

        assert bill(wallet, 100, 10) is False
        assert (fresh(wallet).balance, debts.owed(wallet_id=wallet.pk)) == (0, 0)
        # Nothing was posted here: what unbilled carried comes with the runs' posting.
        assert queries.platform_balance(chart.RECEIVABLE) == -100_000
        assert queries.platform_balance(chart.UNBILLED) == 100_000
        assert queries.platform_balance(chart.ISSUED["overage"]) == -100 * CREDIT

    def test_less_than_a_cent_stays_debt(self) -> None:
        wallet = in_debt(below=105)

        bill(wallet, 100, 10)
        assert debts.owed(wallet_id=wallet.pk) == 5 * CREDIT
        assert WalletDebt.objects.get().carried == 5_000

    def test_a_second_call_changes_nothing(self) -> None:
        wallet = in_debt()
        bill(wallet, 40, 4)

        assert bill(wallet, 40, 4) is True
        assert debts.owed(wallet_id=wallet.pk) == 60 * CREDIT

    @pytest.mark.parametrize("credits", [101, 0, -1])
    def test_it_refuses_what_is_not_owed(self, credits: int) -> None:
        wallet = in_debt()

        with pytest.raises(NotOwedError):
            bill(wallet, credits, 1)

    def test_it_refuses_a_wallet_that_owes_nothing(self) -> None:
        with pytest.raises(NotOwedError):
            bill(open_consumer_wallet(), 1, 1)

    @pytest.mark.django_db(transaction=True)
    def test_it_bills_once_however_many_call(self) -> None:
        wallet = in_debt()

        answers = race(8, lambda _: bill(wallet, 100, 10))

        assert sorted(answers, key=str) == [False] + [True] * 7
        assert fresh(wallet).balance == 0


class TestPaying:
    def test_a_paid_top_up_pays_it_first(self) -> None:
        wallet = in_debt()
        buy(wallet, cents=100, bonus_credits=50)

        grants = dict(
            CreditGrant.objects.exclude(funding_class="promo").values_list("funding_class", "remaining")
        )
        assert grants == {"paid": 900 * CREDIT, "bonus": 50 * CREDIT}
        assert (fresh(wallet).balance, debts.owed(wallet_id=wallet.pk)) == (950 * CREDIT, 0)
        # A tenth of the paid part's cash is earned now.
        paid = CreditGrant.objects.get(funding_class="paid")
        moved = paid.cash - paid.cash_remaining
        assert moved == paid.cash // 10
        assert queries.platform_balance(chart.UNBILLED) == 100_000
        assert queries.platform_balance(chart.REVENUE) == moved - 100_000

    def test_a_small_one_pays_in_part(self) -> None:
        wallet = in_debt(below=100)
        buy(wallet, cents=6)

        assert CreditGrant.objects.get(funding_class="paid").remaining == 0
        assert (fresh(wallet).balance, debts.owed(wallet_id=wallet.pk)) == (-40 * CREDIT, 40 * CREDIT)

    def test_a_promotion_fills_the_hole_but_pays_nothing(self) -> None:
        wallet = in_debt()
        promise(wallet, credits=100, source="promo_2")

        assert (fresh(wallet).balance, debts.owed(wallet_id=wallet.pk)) == (0, 100 * CREDIT)
        assert CreditGrant.objects.latest("id").remaining == 100 * CREDIT

    def test_arrears_come_before_overage(self) -> None:
        """Nothing forces a wallet into arrears yet: the row is put there by hand, with its entries."""
        wallet = in_debt()
        WalletDebt.objects.create(
            wallet=wallet,
            kind=WalletDebt.Kind.ARREARS,
            amount=30 * CREDIT,
            remaining=30 * CREDIT,
            carried=25_000,
            created_at=MONDAY,
        )
        buy(wallet, cents=5)

        left = dict(WalletDebt.objects.values_list("kind", "remaining"))
        assert left == {"arrears": 0, "overage": 80 * CREDIT}
        assert queries.platform_balance(chart.RECEIVABLE) == 25_000
        assert Transaction.objects.filter(kind="debt_payment").count() == 2

    def test_a_debt_that_is_paid_is_closed_and_the_next_is_another(self) -> None:
        wallet = in_debt()
        buy(wallet, cents=10)
        burn(wallet, 5, "e2")

        assert list(WalletDebt.objects.order_by("id").values_list("remaining", "paid")) == [
            (0, 100 * CREDIT),
            (5 * CREDIT, 0),
        ]


def test_two_open_debts_of_a_kind_are_refused() -> None:
    wallet = in_debt()

    with pytest.raises(Error, match="wallets_walletdebt_one_open"):
        WalletDebt.objects.create(
            wallet=wallet, kind="overage", amount=1, remaining=1, carried=0, created_at=MONDAY
        )
