"""The harness itself: what a transactional test writes is gone for the next, and nobody may TRUNCATE."""

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import ProgrammingError, connection

from tests.support.races import race

User = get_user_model()
E_MAIL = "clone@example.com"


class TestClones:
    @pytest.mark.parametrize("turn", [1, 2])
    @pytest.mark.django_db(transaction=True)
    def test_it_starts_each_transactional_test_from_the_template(self, turn: int) -> None:
        assert not User.objects.filter(email=E_MAIL).exists()

        User.objects.create_user(E_MAIL)

    @pytest.mark.parametrize("turn", [1, 2])
    @pytest.mark.django_db
    def test_it_rolls_ordinary_tests_back(self, turn: int) -> None:
        assert not User.objects.filter(email=E_MAIL).exists()

        User.objects.create_user(E_MAIL)

    @pytest.mark.django_db(transaction=True)
    def test_it_shows_committed_rows_to_other_threads(self) -> None:
        User.objects.create_user(E_MAIL)

        seen = race(4, lambda _: User.objects.filter(email=E_MAIL).count())

        assert seen == [1, 1, 1, 1]


class TestRoles:
    @pytest.mark.django_db
    def test_it_connects_as_the_application_which_may_not_truncate(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("farebox_app",)
            with pytest.raises(ProgrammingError) as refusal:
                cursor.execute("TRUNCATE accounts_user CASCADE")

        assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)
