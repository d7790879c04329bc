"""agreements.agree and `manage.py agree`: commitments and terms, for twelve months at least."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from config.kit.errors import InvalidInputError
from marketplace import agreement_changes, agreements
from marketplace.agreement_changes import AgreementInForceError, AgreementOverError
from marketplace.agreements import AgreementOverlapError, Commitment, Deal
from marketplace.models import Agreement, AgreementChange
from marketplace.queries.plans import PlanNotFoundError, agreement
from tests.support.catalogue import publish
from tests.support.market import A_DAY
from tests.support.people import MONDAY, open_customer
from tests.support.races import race

pytestmark = pytest.mark.django_db


def a_deal(**changes: Any) -> Deal:
    """Give a deal over 100,000 executions a month."""
    said: dict[str, Any] = {"plan": "enterprise", "starts_at": MONDAY, "commitment": committed(100_000)}
    return Deal(**(said | changes))


def committed(quantity: int | str, **changes: Any) -> Commitment:
    said: dict[str, Any] = {"metric": "execution", "quantity": Decimal(quantity), **changes}
    return Commitment(**said)


def agree(deal: Deal, name: str = "bob") -> Agreement:
    publish()
    return agreements.agree(customer=open_customer(name), deal=deal, actor="user:olive", now=MONDAY)


@pytest.mark.parametrize(("quantity", "bp"), [(100_000, 2_000), (500_000, 3_500), (1_000_000, 4_500), (1, 0)])
def test_it_gives_the_discount_of_the_volume(quantity: int, bp: int) -> None:
    agreed = agree(a_deal(commitment=committed(quantity)))

    assert (agreed.metric, agreed.committed, agreed.discount_bp) == ("execution", Decimal(quantity), bp)


def test_it_takes_another_discount_that_was_agreed_on() -> None:
    assert agree(a_deal(commitment=committed(100_000, discount_bp=5_000))).discount_bp == 5_000


@pytest.mark.parametrize(
    ("starts_at", "months", "ends_at"),
    [
        (dt.datetime(2026, 3, 2, tzinfo=dt.UTC), 12, dt.datetime(2027, 3, 2, tzinfo=dt.UTC)),
        (dt.datetime(2028, 2, 29, tzinfo=dt.UTC), 12, dt.datetime(2029, 2, 28, tzinfo=dt.UTC)),
        (dt.datetime(2026, 12, 31, tzinfo=dt.UTC), 14, dt.datetime(2028, 2, 29, tzinfo=dt.UTC)),
    ],
)
def test_it_ends_so_many_months_later(starts_at: dt.datetime, months: int, ends_at: dt.datetime) -> None:
    assert agree(a_deal(starts_at=starts_at, months=months)).ends_at == ends_at


def test_it_is_in_force_from_its_start_to_its_end() -> None:
    agreed = agree(a_deal())

    def found(at: dt.datetime) -> Agreement | None:
        return agreement(customer_id=agreed.customer_id, slug="enterprise", at=at)

    assert found(MONDAY) == found(agreed.ends_at - A_DAY) == agreed
    assert found(MONDAY - A_DAY) is found(agreed.ends_at) is None


def test_it_refuses_a_second_one_in_the_same_time() -> None:
    agreed = agree(a_deal())

    with pytest.raises(AgreementOverlapError):
        agreements.agree(customer=agreed.customer, deal=a_deal(), actor="user:olive", now=MONDAY)
    later = a_deal(starts_at=agreed.ends_at)
    agreements.agree(customer=agreed.customer, deal=later, actor="user:olive", now=MONDAY)
    assert Agreement.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_it_agrees_once_when_two_of_staff_do() -> None:
    publish()
    bob = open_customer()

    told = race(
        2, lambda _place: agreements.agree(customer=bob, deal=a_deal(), actor="user:olive", now=MONDAY)
    )

    assert sorted(type(each).__name__ for each in told) == ["Agreement", "AgreementOverlapError"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"months": 11}, "months must be from 12"),
        ({"months": 10**9}, "months must be from 12"),
        ({"commitment": committed(0)}, "committed must be above 0"),
        ({"commitment": committed("NaN")}, "committed must be above 0"),
        ({"commitment": committed("1.5")}, "committed must be a whole number"),
        ({"commitment": committed(10**12)}, "committed must be above 0"),
        (
            {"commitment": committed(1, metric="gb_months")},
            "metric must be one that the plan prices per unit",
        ),
        ({"commitment": committed(1, discount_bp=10_001)}, "discount_bp must be from 0"),
        ({"commitment": committed(1, discount_bp=-1)}, "discount_bp must be from 0"),
        ({"terms": {"discount": "all of it"}}, "terms may name sla, support, priority, guardrails"),
        ({"terms": {"sla": "x" * 1_001}}, "terms are texts of up to 1000"),
        ({"terms": {"sla": "\x00"}}, "terms are texts"),
        ({"plan": "storage", "commitment": committed(1, metric="gb_months")}, "prices per unit"),
    ],
)
def test_it_refuses_what_cannot_be_priced(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        agree(a_deal(**changes))
    assert not Agreement.objects.exists()


def test_it_refuses_an_unknown_plan() -> None:
    with pytest.raises(PlanNotFoundError):
        agree(a_deal(plan="nothing"))


def test_the_command_writes_it_down(capsys: pytest.CaptureFixture[str]) -> None:
    publish()
    bob = open_customer(external_id="bob-at-home")

    call_command("agree", "bob-at-home", starts="2026-03-01", committed="500000", sla="99.9 %")

    agreed = Agreement.objects.get(customer=bob)
    assert (agreed.committed, agreed.discount_bp, agreed.terms) == (
        Decimal(500_000),
        3_500,
        {"sla": "99.9 %"},
    )
    assert capsys.readouterr().out == "Agreed with Bob over enterprise until 2027-03-01.\n"


@pytest.mark.parametrize(
    ("who", "options", "problem"),
    [
        ("nobody", {}, "no such customer"),
        ("bob-at-home", {"starts": "yesterday"}, "is no day"),
        ("bob-at-home", {"starts": "2026-02-30"}, "is no day"),
        ("bob-at-home", {"committed": "many"}, "is no quantity"),
        ("bob-at-home", {"months": 1}, "months must be"),
        ("bob-at-home", {"plan": "nothing"}, "no plan"),
    ],
)
def test_the_command_says_what_is_wrong(who: str, options: dict[str, Any], problem: str) -> None:
    publish()
    open_customer(external_id="bob-at-home")

    with pytest.raises(CommandError, match=problem):
        call_command("agree", who, **options)


class TestChanges:
    """agreement_changes: what may become of an agreement, and what the database keeps."""

    def test_it_is_amended_before_it_begins_and_frozen_from_then_on(self) -> None:
        agreed = agree(a_deal(starts_at=MONDAY + 10 * A_DAY))
        more = a_deal(starts_at=MONDAY + 20 * A_DAY, commitment=committed(500_000), months=24)

        amended = agreement_changes.amend(
            agreement=agreed, deal=more, reason="They need more", actor="user:olive", now=MONDAY + A_DAY
        )

        assert (amended.committed, amended.discount_bp, amended.starts_at) == (
            Decimal(500_000),
            3_500,
            more.starts_at,
        )
        written = AgreementChange.objects.get()
        assert (written.what, written.reason, written.before["committed"], written.after["committed"]) == (
            "amended",
            "They need more",
            "100000",
            "500000",
        )
        with pytest.raises(AgreementInForceError):
            agreement_changes.amend(
                agreement=agreed, deal=more, reason="Late", actor="user:olive", now=more.starts_at
            )

    def test_its_terms_are_reworded_while_it_lasts(self) -> None:
        agreed = agree(a_deal(terms={"sla": "99.9 %"}))

        def reword(at: dt.datetime, terms: dict[str, str]) -> Agreement:
            return agreement_changes.reword(
                agreement=agreed, terms=terms, reason="Better", actor="user:olive", now=at
            )

        assert reword(MONDAY + A_DAY, {"sla": "99.99 %"}).terms == {"sla": "99.99 %"}
        with pytest.raises(InvalidInputError, match="may name"):
            reword(MONDAY + A_DAY, {"price": "less"})
        with pytest.raises(AgreementOverError):
            reword(agreed.ends_at, {})

    @pytest.mark.parametrize(("days", "ends_after"), [(40, 40), (5, 10), (1, 10)])
    def test_it_ends_early_or_is_withdrawn(self, days: int, ends_after: int) -> None:
        agreed = agree(a_deal(starts_at=MONDAY + 10 * A_DAY))

        ended = agreement_changes.end(
            agreement=agreed,
            at=MONDAY + days * A_DAY,
            reason="They left",
            actor="user:olive",
            now=MONDAY + A_DAY,
        )

        assert ended.ends_at == MONDAY + ends_after * A_DAY
        found = agreement(customer_id=agreed.customer_id, slug="enterprise", at=MONDAY + 10 * A_DAY)
        assert (found is None) is (ends_after == 10)
        agreements.agree(
            customer=agreed.customer, deal=a_deal(starts_at=ended.ends_at), actor="user:olive", now=MONDAY
        )

    @pytest.mark.parametrize(
        ("at", "reason", "problem"),
        [(-1, "x", "at must be from now on"), (400, "x", "at must be from"), (5, " ", "reason must be")],
    )
    def test_it_refuses_an_end_in_the_past_or_without_a_reason(
        self, at: int, reason: str, problem: str
    ) -> None:
        agreed = agree(a_deal())

        with pytest.raises(InvalidInputError, match=problem):
            agreement_changes.end(
                agreement=agreed, at=MONDAY + at * A_DAY, reason=reason, actor="user:olive", now=MONDAY
            )
        assert not AgreementChange.objects.exists()

    def test_the_database_keeps_what_is_priced(self) -> None:
        agreed, later = agree(a_deal()), MONDAY + A_DAY
        row = Agreement.objects.filter(pk=agreed.pk)

        damages: list[dict[str, Any]] = [
            {"committed": 1, "changed_at": later},
            {"discount_bp": 9_999, "changed_at": later},
            {"starts_at": MONDAY - A_DAY, "changed_at": later},
            {"ends_at": agreed.ends_at + A_DAY, "changed_at": later},
            {"ends_at": MONDAY + A_DAY / 2, "changed_at": later},
            {"terms": {}},
            {"terms": {}, "changed_at": MONDAY - A_DAY},
        ]
        for damage in damages:
            with pytest.raises(DatabaseError), transaction.atomic():
                row.update(**damage)
        with pytest.raises(DatabaseError), transaction.atomic():
            row.delete()
        assert row.update(terms={}, changed_at=later) == 1
