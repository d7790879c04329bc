"""Vouchers: credits by code, within limits and times, once; guessed by nobody."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.models import VoucherUse
from billing.operations import vouchers
from billing.operations.vouchers import Offer, Redeemed, VoucherNotFoundError, VoucherUsedError
from config.kit.errors import InvalidInputError
from tests.support import people, runs
from tests.support.people import MONDAY
from tests.support.races import race
from tests.support.runs import credits
from wallets.models import CreditGrant
from wallets.money import Micros

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

A_DAY = dt.timedelta(days=1)


def make(code: str = "SPRING-2026", **changes: Any) -> None:
    """Make a voucher of 100 credits, good for a year around Monday."""
    olive, _ = User.objects.get_or_create(email="olive@example.com")
    said: dict[str, Any] = {
        "name": "Spring",
        "amount": Micros(credits(100)),
        "uses_max": 2,
        "per_customer": 1,
        "starts_at": MONDAY - A_DAY,
        "ends_at": MONDAY + 365 * A_DAY,
    }
    vouchers.make(code=code, offer=Offer(**said | changes), created_by=olive, now=MONDAY)


def redeem(name: str, code: str = "spring 2026", now: dt.datetime = MONDAY) -> Redeemed:
    customer = runs.make_customer(name)
    return vouchers.redeem(customer=customer, code=code, actor="user:x", now=now)


def test_it_gives_promo_credits_that_expire_when_it_says() -> None:
    make(credits_days=30)

    assert redeem("bob") == Redeemed(Micros(credits(100)), MONDAY + 30 * A_DAY)
    grant = CreditGrant.objects.get()
    assert (grant.funding_class, grant.amount, grant.cash) == ("promo", credits(100), 0)
    assert grant.expires_at == MONDAY + 30 * A_DAY


def test_it_is_used_as_often_as_it_may_be_in_all_and_by_each() -> None:
    make(uses_max=3, per_customer=2)
    bob = runs.make_customer()
    for _ in range(2):
        vouchers.redeem(customer=bob, code="SPRING2026", actor="user:x", now=MONDAY)

    with pytest.raises(VoucherUsedError, match="You have used this code already"):
        vouchers.redeem(customer=bob, code="SPRING2026", actor="user:x", now=MONDAY)
    redeem("dave")
    with pytest.raises(VoucherUsedError, match="as often as it may be"):
        redeem("eve")
    assert VoucherUse.objects.count() == 3


def test_it_is_taken_between_its_start_and_its_end_until_it_is_stopped() -> None:
    make()
    for at, refusal in [
        (MONDAY - 2 * A_DAY, VoucherNotFoundError),
        (MONDAY + 365 * A_DAY, VoucherUsedError),
    ]:
        with pytest.raises(refusal):
            redeem(f"bob{at.year}{at.month}", now=at)
    with pytest.raises(VoucherNotFoundError, match="not valid"):
        redeem("charlie", code="SPRING-2027")
    use = redeem("dave")
    assert use.expires_at is None
    voucher = VoucherUse.objects.get().voucher
    vouchers.stop(voucher=voucher, stopped_by=voucher.created_by, now=MONDAY)

    with pytest.raises(VoucherUsedError, match="not taken any more"):
        redeem("eve")
    with pytest.raises(VoucherUsedError, match="stopped already"):
        vouchers.stop(voucher=voucher, stopped_by=voucher.created_by, now=MONDAY)


@pytest.mark.parametrize(
    "wrong",
    [{"code": "AB-1"}, {"code": "DROP TABLE;"}, {"amount": 0}, {"uses_max": 0}, {"ends_at": MONDAY - A_DAY}],
)
def test_it_refuses_what_gives_nothing_and_a_code_that_is_taken(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        make(**wrong)
    make()
    with pytest.raises(InvalidInputError, match="Another voucher"):
        make("spring2026")


@pytest.mark.django_db(transaction=True)
def test_a_hundred_who_come_for_the_last_use_make_exactly_one() -> None:
    make(uses_max=1)
    crowd = [runs.make_customer(f"bob{number}") for number in range(100)]

    found = race(
        100, lambda n: vouchers.redeem(customer=crowd[n], code="SPRING2026", actor="user:x", now=MONDAY)
    )

    assert sum(isinstance(answer, Redeemed) for answer in found) == 1
    assert sum(isinstance(answer, VoucherUsedError) for answer in found) == 99


def test_the_wallets_page_and_the_api_redeem_and_guessing_is_slowed(client: Client, settings: Any) -> None:
    make(uses_max=9, per_customer=2, starts_at=MONDAY - A_DAY, ends_at=MONDAY + 36_500 * A_DAY)
    user, bob = people.sign_up("bob")
    client.force_login(user)
    page = client.post(reverse("billing:voucher_redeem"), {"code": "spring-2026"}, follow=True)
    assert "100 credits are yours" in page.content.decode()
    key = people.bearer(people.customer_key(bob)) | {"Idempotency-Key": "one"}

    def post(code: str, **more: str) -> Any:
        body = {"code": code}
        return client.post("/v1/wallet/vouchers", body, content_type="application/json", headers=key | more)

    first, again = post("SPRING2026"), post("SPRING2026")
    assert (first.status_code, first.json()["credits"]["credits"]) == (201, "100")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert post("SPRING2026", **{"Idempotency-Key": "two"}).json()["code"] == "voucher_used"
    # A minute may end on the way.
    guesses = range(2 * settings.RATE_LIMITS["voucher"] + 1)
    answers = [post(f"GUESS{n:03}", **{"Idempotency-Key": f"g{n}"}).json()["code"] for n in guesses]

    assert {"voucher_not_found", "rate_limited"} == set(answers)
    assert runs.wallet_of(bob).balance == credits(200)
