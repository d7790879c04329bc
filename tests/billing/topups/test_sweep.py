"""Finding what a lost webhook left behind: payments.sweep, fees.sweep."""

import datetime as dt
from typing import Any

import pytest

from billing.models import BalanceTransaction, TopUp
from billing.operations import fees, payments
from tests.support.checkout import NOW, ask, buy, pay
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import chart, queries
from wallets.models import Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

SECOND = dt.timedelta(seconds=1)


def swept(capture: Any, *, at: dt.datetime) -> list[str]:
    """Sweep; give the checkouts that are to be looked up."""
    with capture() as callbacks:
        payments.sweep(now=at)
    return [call.args[-1]["session_id"] for call in callbacks]


def test_it_looks_up_what_has_waited_for_thirty_seconds(
    stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any
) -> None:
    top_up = ask(open_customer())

    assert swept(django_capture_on_commit_callbacks, at=NOW + 29 * SECOND) == []
    assert swept(django_capture_on_commit_callbacks, at=NOW + 30 * SECOND) == [top_up.stripe_session_id]


def test_it_asks_each_minute_at_first_and_seldom_later(
    stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any
) -> None:
    ask(open_customer())

    asked = sum(
        len(swept(django_capture_on_commit_callbacks, at=NOW + 30 * SECOND * step)) for step in range(120)
    )

    assert 14 <= asked <= 20


def test_it_leaves_alone_what_is_done(
    stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any
) -> None:
    buy(open_customer(), stripe_standin)

    assert swept(django_capture_on_commit_callbacks, at=NOW + dt.timedelta(days=2)) == []


def test_it_lapses_a_top_up_that_never_came_to_a_checkout(
    stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any
) -> None:
    ask(open_customer())
    TopUp.objects.update(stripe_session_id="", checkout_url="")
    swept(django_capture_on_commit_callbacks, at=NOW + dt.timedelta(hours=23))
    assert TopUp.objects.get().status == TopUp.Status.PENDING

    swept(django_capture_on_commit_callbacks, at=NOW + dt.timedelta(hours=24))

    assert TopUp.objects.get().status == TopUp.Status.EXPIRED


def test_it_books_each_fee_once(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)

    real_now = dt.datetime.now(dt.UTC)
    assert [fees.sweep(now=real_now) for _ in range(3)] == [1, 1, 1]

    assert BalanceTransaction.objects.count() == 1
    assert Transaction.objects.filter(kind="stripe_fee").count() == 1
    assert queries.platform_balance(chart.STRIPE_FEES) == -590_000


def test_it_tells_the_top_up_its_fee_whichever_comes_first(stripe_standin: StripeStandin) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    fees.sweep(now=dt.datetime.now(dt.UTC))

    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)

    top_up.refresh_from_db()
    assert top_up.fee_cents == 59


def test_it_books_no_fee_for_a_line_without_one(stripe_standin: StripeStandin) -> None:
    stripe_standin.post("/_sim/balance/topup", amount=5_000)

    fees.sweep(now=dt.datetime.now(dt.UTC))

    assert BalanceTransaction.objects.get().type == "topup"
    assert [row.kind for row in Transaction.objects.all()] == ["float"]


def test_a_sweep_killed_between_two_lines_loses_none(
    stripe_standin: StripeStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bob", "ann", "eve"):
        # Hours apart, so that the overlap of two sweeps does not cover for a wrong order.
        stripe_standin.post("/_sim/clock/advance", seconds=3 * 3600)
        top_up = ask(open_customer(name))
        pay(stripe_standin, top_up.stripe_session_id)
    record, known = fees.record, iter("12")

    def killed_at_the_third(**line: Any) -> Any:
        if next(known, None) is None:
            raise KeyboardInterrupt
        return record(**line)

    monkeypatch.setattr(fees, "record", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        fees.sweep(now=NOW)
    monkeypatch.setattr(fees, "record", record)
    fees.sweep(now=NOW)

    assert BalanceTransaction.objects.filter(type="charge").count() == 3
