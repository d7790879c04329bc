"""Open customers and find a person's own."""

import pytest
from django.db import IntegrityError, transaction

from accounts import customers, queries
from accounts.customers import ExternalIdTakenError
from accounts.models import Customer, Membership, User
from config.kit.errors import InvalidInputError, NotFoundError
from tests.support import people
from tests.support.people import MONDAY
from tests.support.races import race

pytestmark = pytest.mark.django_db


class TestOpenCustomer:
    def test_it_makes_the_owner_a_member(self) -> None:
        user, customer = people.sign_up()

        membership = Membership.objects.get(user=user)
        assert (membership.customer, membership.role) == (customer, "owner")
        assert customer.public_id.startswith("cst_")

    @pytest.mark.parametrize("external_id", ["", "cst_1", "key_", "wal_abc", "rfd_1"])
    def test_it_refuses_an_external_id_like_ours(self, external_id: str) -> None:
        with pytest.raises(InvalidInputError):
            people.open_customer(external_id=external_id)

    @pytest.mark.parametrize("external_id", ["", "cst_1", "stm_x", "adj_1", "wof_1"])
    def test_the_database_refuses_it_too(self, external_id: str) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Customer.objects.create(
                name="x", email="x@example.com", external_id=external_id, created_at=MONDAY
            )

    def test_it_refuses_a_taken_external_id_and_leaves_the_transaction_usable(self) -> None:
        people.open_customer(external_id="acme")

        with pytest.raises(ExternalIdTakenError):
            people.open_customer("charlie", external_id="acme")

        assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestOpenCustomerAtOnce:
    def test_one_of_many_gets_the_external_id(self) -> None:
        outcomes = race(8, lambda _: people.open_customer(external_id="acme"))

        assert sum(isinstance(outcome, Customer) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, ExternalIdTakenError) for outcome in outcomes) == 7

    def test_a_person_without_one_gets_one(self) -> None:
        user = User.objects.create_user("olive@example.com", "x")

        opened = race(8, lambda _: customers.open_first(user=user, now=MONDAY))

        assert len({customer.pk for customer in opened if isinstance(customer, Customer)}) == 1
        assert Customer.objects.get().name == "olive"


class TestActiveCustomer:
    def test_it_is_the_first_membership(self) -> None:
        user, first = people.sign_up()
        _join(user, people.open_customer("team"))

        assert customers.active_customer(user=user) == first

    def test_it_is_the_preferred_one_of_a_member(self) -> None:
        user, _ = people.sign_up()
        team = people.open_customer("team")
        _join(user, team)

        assert customers.active_customer(user=user, preferred=team.public_id) == team

    def test_it_is_never_a_strangers(self) -> None:
        user, mine = people.sign_up()
        strangers = people.open_customer("charlie")

        assert customers.active_customer(user=user, preferred=strangers.public_id) == mine

    def test_it_refuses_somebody_without_any(self) -> None:
        user = User.objects.create_user("olive@example.com", "x")

        with pytest.raises(NotFoundError):
            customers.active_customer(user=user)


class TestCustomerByReference:
    def test_it_finds_by_either_name(self) -> None:
        customer = people.open_customer(external_id="acme")

        assert queries.customer(reference=customer.public_id) == customer
        assert queries.customer(reference="acme") == customer

    @pytest.mark.parametrize("reference", ["nobody", "", "cst_" + "0" * 26])
    def test_it_refuses_an_unknown_one(self, reference: str) -> None:
        people.open_customer()

        with pytest.raises(NotFoundError):
            queries.customer(reference=reference)


class TestUser:
    def test_addresses_are_kept_in_lower_case(self) -> None:
        assert User.objects.create_user("Bob@Example.COM", "x").email == "bob@example.com"

    def test_the_database_refuses_upper_case(self) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(email="Bob@example.com")


def _join(user: User, customer: Customer) -> None:
    Membership.objects.create(user=user, customer=customer, role="member", created_at=MONDAY)
