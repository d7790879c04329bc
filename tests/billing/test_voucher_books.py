"""The proof of the books sees a voucher that gave too often, and a gift that gave something else."""

from typing import Final

import pytest

from accounts.models import User
from billing.operations import promotions, vouchers
from billing.operations.vouchers import Offer
from billing.voucher_books import INVARIANTS
from tests.support import damage, runs
from tests.support.people import MONDAY
from tests.support.runs import credits
from wallets.money import Micros

pytestmark = pytest.mark.django_db(transaction=True)

DAMAGE: Final = {
    "vouchers are used within their limits": "UPDATE billing_voucher SET uses = uses + 1",
    "uses of vouchers gave their credits": "UPDATE billing_voucher SET amount = amount + 1",
    "gifts of staff gave their credits": "UPDATE billing_promogrant SET amount = amount + 1",
}


def test_they_hold_and_each_damage_is_found_by_its_invariant_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    olive = User.objects.create_user("olive@example.com", "correct horse battery")
    bob = runs.make_customer()
    offer = Offer(
        name="Spring",
        amount=Micros(credits(5)),
        uses_max=2,
        per_customer=1,
        starts_at=MONDAY,
        ends_at=MONDAY.replace(year=2027),
    )
    vouchers.make(code="SPRING26", offer=offer, created_by=olive, now=MONDAY)
    vouchers.redeem(customer=bob, code="SPRING26", actor="user:bob", now=MONDAY)
    promotions.give(
        customer=bob, amount=credits(7), reason="sorry", given_by=olive, reference="gft_1", now=MONDAY
    )
    damage.assert_each_is_found(
        monkeypatch, tables="billing_", invariants=INVARIANTS, damage=DAMAGE, now=MONDAY
    )
