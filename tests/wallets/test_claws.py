"""What is given back of a purchase is taken: its lots, other paid lots, arrears (ledger.md rules 4, 9, 15 to 17)."""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, promise
from tests.support.races import race
from wallets import chart, claws, freezing, grants, holds, ledger, operations, queries
from wallets.calls import InsufficientCreditsError
from wallets.claws import Booking, Clawed, Part, Purchase
from wallets.ledger import Leg, Source
from wallets.models import Claw, CreditGrant, Transaction, Wallet, WalletDebt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
USD = 1_000_000
UNPOSTED = 1_363_636  # the cash behind 1,500 credits of the package


def bought(wallet: Wallet, *, name: str = "pi_1", cents: int = 1000) -> Purchase:
    """What that payment bought."""
    grants = CreditGrant.objects.filter(source_id=name).order_by("id").values_list("pk", flat=True)
    return Purchase(name, wallet.pk, list(grants), cents * 10_000)


def claw(wallet: Wallet, cents: int, cause: str = "re_1", **options: Any) -> Clawed:
    """Give so much of the first purchase back."""
    kind = options.pop("kind", "refund")
    return claws.take(
        purchase=options.pop("purchase", None) or bought(wallet),
        usd=cents * 10_000,
        booking=Booking(kind, Source("refund", cause), "test"),
        now=MONDAY,
        **options,
    )


def undo(found: Clawed, cause: str = "re_1") -> Clawed:
    """Its money came back."""
    booking = Booking("refund_failure", Source("refund", cause), "test")
    return claws.undo(claw_id=found.claw_id, booking=booking, now=MONDAY)


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


def hold(wallet: Wallet, credits: int) -> int:
    """Reserve credits."""
    return holds.place(
        wallet_ids=[wallet.pk],
        amount=credits * CREDIT,
        source=Source("execution", "held"),
        expires_at=MONDAY + dt.timedelta(hours=1),
        now=MONDAY,
    ).hold_id


def balance(wallet: Wallet) -> float:
    """What the wallet shows, in credits."""
    return Wallet.objects.get(pk=wallet.pk).balance / CREDIT


def usd(*kinds: chart.PlatformWallet) -> list[int]:
    """What platform wallets hold."""
    return [queries.platform_balance(kind) for kind in kinds]


def package() -> Wallet:
    """W13's $10 package at 0.001: 10,000 paid and 1,000 bonus credits."""
    wallet = open_consumer_wallet()
    buy(wallet, bonus_credits=1_000)
    return wallet


def of_two_wallets() -> tuple[Wallet, Wallet, Purchase]:
    """One payment of $11: the package, and 1,000 credits of a plan in a wallet of their own."""
    wallet = package()
    other = operations.open_wallet(owner_type="consumer", owner_id=1, scope="cre_1", now=MONDAY)
    source = Source("subscription_period", "sub_1:1")
    legs = [
        Leg(chart.STRIPE_CASH, -USD),
        Leg(chart.DEFERRED, USD),
        Leg(chart.ISSUED["plan"], -1_000 * CREDIT),
        Leg(other.pk, 1_000 * CREDIT),
    ]
    with transaction.atomic():
        ledger.post(kind="subscription", source=source, actor="test", legs=legs, now=MONDAY)
        lot = grants.add(
            wallet_id=other.pk,
            funding_class="plan",
            amount=1_000 * CREDIT,
            cash=USD,
            source=source,
            now=MONDAY,
        )
    return wallet, other, Purchase("pi_both", wallet.pk, [*bought(wallet).grant_ids, lot], 11 * USD)


class TestTake:
    def test_all_of_an_unspent_purchase_leaves_nothing_behind(self) -> None:
        wallet = package()
        claw(wallet, 1000)

        assert balance(wallet) == 0
        assert set(CreditGrant.objects.values_list("remaining", "cash_remaining")) == {(0, 0)}
        assert usd(chart.STRIPE_CASH, chart.DEFERRED, chart.REVENUE, chart.RECEIVABLE) == [0, 0, 0, 0]

    def test_what_is_not_worth_a_cent_goes_along(self) -> None:
        wallet = package()
        burn(wallet, 1_500)
        claw(wallet, 863)

        assert balance(wallet) == 0
        # What was burned waits for its posting, in deferred.
        assert usd(chart.DEFERRED, chart.REVENUE) == [UNPOSTED, 8_636_364 - 8_630_000]

    def test_parts_take_the_bonus_first_and_add_up(self) -> None:
        wallet = package()
        claw(wallet, 100, "re_1")
        assert dict(CreditGrant.objects.values_list("funding_class", "remaining")) == {
            "paid": 9_900 * CREDIT,
            "bonus": 0,
        }
        claw(wallet, 333, "re_2")
        claw(wallet, 567, "re_3")

        assert balance(wallet) == 0
        assert claws.taken(purchase="pi_1") == (11_000 * CREDIT, 10 * USD)

    def test_a_cause_claws_once(self) -> None:
        wallet = package()
        first, second = claw(wallet, 500), claw(wallet, 500)

        assert (first.replayed, second.replayed) == (False, True)
        assert second.claw_id == first.claw_id
        assert balance(wallet) == 5_500

    def test_other_paid_credits_bear_what_was_spent_and_their_cash_goes_too(self) -> None:
        wallet = package()
        burn(wallet, 4_000)
        buy(wallet, payment="pi_2")
        claw(wallet, 1000)

        assert balance(wallet) == 6_000
        second = CreditGrant.objects.get(source_id="pi_2")
        assert (second.remaining, second.cash_remaining) == (6_000 * CREDIT, 6 * USD)
        assert not WalletDebt.objects.exists()

    def test_lots_in_dispute_and_promotions_bear_nothing(self) -> None:
        wallet = package()
        burn(wallet, 11_000)
        promise(wallet, credits=300)
        buy(wallet, payment="pi_2")
        held = hold(wallet, 10_300)
        lots = bought(wallet, name="pi_2").grant_ids
        source = Source("dispute", "dp_2")
        # A hold leans on all of it, so nothing is frozen; disputed it is all the same.
        assert (
            freezing.freeze(
                grant_ids=lots, most=10_000 * CREDIT, cash=10 * USD, source=source, actor="test", now=MONDAY
            )
            == 0
        )
        holds.release(hold_id=held, now=MONDAY)

        parts = claws.preview(purchase=bought(wallet), usd=10 * USD, now=MONDAY)

        assert parts == [Part(None, 11_000 * CREDIT, 10 * USD)]

    def test_what_filled_two_wallets_is_taken_from_both_and_comes_back_to_both(self) -> None:
        wallet, other, purchase = of_two_wallets()
        held = hold(other, 400)
        before = list(CreditGrant.objects.order_by("id").values())
        found = claw(wallet, 1100, purchase=purchase)

        assert (balance(wallet), balance(other)) == (0, 0)
        assert usd(chart.DEFERRED, chart.REVENUE, chart.RECEIVABLE) == [0, 0, 0]
        undo(found)
        assert list(CreditGrant.objects.order_by("id").values()) == before
        assert (balance(wallet), balance(other)) == (11_000, 1_000)
        claw(wallet, 1100, "re_2", purchase=purchase)
        # An open hold is no shield there either.
        burn(other, 400, hold_id=held)
        assert (balance(wallet), balance(other)) == (0, -400)

    def test_of_two_wallets_the_first_owes_what_nothing_covers(self) -> None:
        wallet, other, purchase = of_two_wallets()
        burn(other, 300)
        claw(wallet, 1100, purchase=purchase)

        assert (balance(wallet), balance(other)) == (-300, 0)
        debt = WalletDebt.objects.get()
        assert (debt.wallet_id, debt.kind, debt.remaining, debt.carried) == (
            wallet.pk,
            "arrears",
            300 * CREDIT,
            300_000,
        )

    def test_what_nothing_covers_goes_below_zero_and_blocks_spending(self) -> None:
        wallet = package()
        burn(wallet, 1_500)
        promise(wallet, credits=300)
        parts = claws.preview(purchase=bought(wallet), usd=10 * USD, now=MONDAY)
        claw(wallet, 1000)

        assert balance(wallet) == 300 - 1_500
        debt = WalletDebt.objects.get()
        assert (debt.kind, debt.remaining, debt.carried) == ("arrears", 1_500 * CREDIT, 10 * USD - 8_636_364)
        assert [(part.amount, part.cash) for part in parts if part.grant_id is None] == [
            (debt.remaining, debt.carried)
        ]
        assert usd(chart.RECEIVABLE, chart.DEFERRED) == [-debt.carried, UNPOSTED]
        with pytest.raises(InsufficientCreditsError):
            hold(wallet, 1)

    def test_the_next_top_up_pays_the_arrears(self) -> None:
        wallet = package()
        burn(wallet, 1_500)
        claw(wallet, 1000)
        buy(wallet, payment="pi_2")

        assert balance(wallet) == 8_500
        assert WalletDebt.objects.get().paid == 1_500 * CREDIT
        assert usd(chart.RECEIVABLE, chart.DEFERRED) == [0, 8_500_000 + UNPOSTED]

    def test_an_open_hold_is_no_shield_and_settles_all_the_same(self) -> None:
        wallet = package()
        held = hold(wallet, 2_000)
        claw(wallet, 1000)
        assert balance(wallet) == 0
        burn(wallet, 2_000, hold_id=held)

        assert balance(wallet) == -2_000
        assert WalletDebt.objects.get().kind == "overage"

    def test_holds_shield_the_credits_of_other_purchases(self) -> None:
        wallet = package()
        burn(wallet, 11_000)
        buy(wallet, payment="pi_2")
        hold(wallet, 7_000)
        claw(wallet, 1000)

        assert CreditGrant.objects.get(source_id="pi_2").remaining == 7_000 * CREDIT
        assert WalletDebt.objects.get().remaining == 8_000 * CREDIT

    def test_a_lost_dispute_takes_its_dollars_from_the_disputes(self) -> None:
        wallet = package()
        claw(wallet, 1000, "dp_1", kind="dispute_lost", account=chart.DISPUTES)

        assert usd(chart.STRIPE_CASH, chart.DISPUTES) == [-10 * USD, 10 * USD]
        # The dollars left Stripe when it was opened; nobody has booked that here.
        assert Transaction.objects.filter(kind="dispute_lost").count() == 1

    def test_tax_given_back_is_no_revenue_lost(self) -> None:
        wallet = package()
        claw(wallet, 1000, tax=800_000)

        assert usd(chart.TAX, chart.REVENUE) == [-800_000, 800_000]


class TestUndo:
    def test_it_gives_each_lot_what_it_gave(self) -> None:
        wallet = package()
        burn(wallet, 1_500)
        buy(wallet, payment="pi_2", cents=100)
        before = list(CreditGrant.objects.order_by("id").values())
        found = claw(wallet, 1000)
        again = [undo(found).replayed, undo(found).replayed]

        assert again == [False, True]
        assert list(CreditGrant.objects.order_by("id").values()) == before
        assert balance(wallet) == 10_500
        debt = WalletDebt.objects.get()
        assert (debt.remaining, debt.waived, debt.carried) == (0, 500 * CREDIT, 0)
        assert usd(chart.RECEIVABLE, chart.REVENUE) == [0, 0]
        assert claws.taken(purchase="pi_1") == (0, 0)

    def test_a_lot_disputed_in_part_pays_arrears_with_its_own_share_of_the_cash(self) -> None:
        wallet = package()
        burn(wallet, 11_000)
        buy(wallet, payment="pi_2")
        found = claw(wallet, 400)
        lots = bought(wallet, name="pi_2").grant_ids
        disputed = Source("dispute", "dp_2")
        with transaction.atomic():
            freezing.freeze(
                grant_ids=lots, most=3_000 * CREDIT, cash=3 * USD, source=disputed, actor="test", now=MONDAY
            )
        claw(wallet, 600, "re_2")
        owed = WalletDebt.objects.get().remaining

        undo(found)

        lot = CreditGrant.objects.get(pk=lots[0])
        paid = WalletDebt.objects.get().paid
        assert (paid, lot.remaining, lot.frozen) == (owed, 7_000 * CREDIT - owed, 3_000 * CREDIT)
        # A dollar stands for 1,000 of its credits, frozen or not.
        assert lot.cash_remaining == (lot.remaining + lot.frozen) // 1_000

    def test_what_was_paid_of_the_arrears_is_the_customers_again(self) -> None:
        wallet = package()
        burn(wallet, 11_000)
        found = claw(wallet, 1000)
        buy(wallet, payment="pi_2", cents=500)
        undo(found)

        assert balance(wallet) == 5_000
        given = CreditGrant.objects.get(source_type="claw")
        assert (given.funding_class, given.remaining) == ("paid", 5_000 * CREDIT)
        # Worth what the customer paid for them, not what the package had cost.
        assert given.cash == 5 * USD
        assert usd(chart.RECEIVABLE) == [0]

    def test_it_pays_what_is_owed_meanwhile(self) -> None:
        wallet = package()
        held = hold(wallet, 2_000)
        found = claw(wallet, 1000)
        burn(wallet, 2_000, hold_id=held)
        undo(found)

        assert balance(wallet) == 9_000
        assert WalletDebt.objects.get().remaining == 0

    def test_a_refund_after_a_failed_one_claws_anew(self) -> None:
        wallet = package()
        undo(claw(wallet, 500))
        claw(wallet, 500, "re_2")

        assert balance(wallet) == 5_500
        assert Claw.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_ten_at_once_one_claws() -> None:
    wallet = package()
    answers = race(10, lambda _: claw(wallet, 600))

    assert sorted(isinstance(one, Clawed) and one.replayed for one in answers) == [False] + [True] * 9
    assert balance(wallet) == 4_400


@pytest.mark.django_db(transaction=True)
def test_refunds_that_race_a_run_lose_no_credit() -> None:
    wallet = package()

    def act(n: int) -> None:
        if n % 2:
            claw(wallet, 150, f"re_{n}")
        else:
            burn(wallet, 100, f"e{n}")

    assert race(10, act) == [None] * 10
    assert balance(wallet) == 11_000 - 8_250 - 500
