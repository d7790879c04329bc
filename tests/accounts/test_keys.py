"""Issue, revoke and authenticate API keys."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import keys, secret_text
from accounts.keys import InvalidKeyError, KeyExpiredError, KeyRevokedError
from accounts.models import ApiKey
from config.kit.errors import InvalidInputError
from tests.support import people
from tests.support.people import MONDAY
from tests.support.races import race

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)


class TestIssue:
    def test_it_shows_a_secret_of_the_documented_form(self) -> None:
        issued = people.router_key()

        assert re.fullmatch(r"fbx_router_[0-9a-z]{8}_[0-9a-z]{26}_[0-9a-z]{6}", issued.secret)

    def test_it_keeps_no_more_than_prefix_and_digest(self) -> None:
        issued = people.router_key()

        row = ApiKey.objects.filter(pk=issued.key.pk).values_list().get()
        assert issued.secret not in str(row)
        assert issued.secret.startswith(issued.key.prefix)

    def test_it_gives_the_scopes_of_its_kind(self) -> None:
        issued = people.customer_key(people.open_customer())

        assert issued.key.scopes == ["wallet:read", "wallet:write", "usage:read", "creator:read"]

    def test_it_takes_fewer_scopes(self) -> None:
        issued = people.customer_key(people.open_customer(), scopes=["wallet:read"])

        assert issued.key.scopes == ["wallet:read"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"name": "  "}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": "a\x00b"}, "name"),
            ({"kind": "admin"}, "kind"),
            ({"kind": "customer"}, "customer"),
            ({"scopes": ["wallet:write"]}, "scopes"),
            ({"expires_at": MONDAY}, "expires_at"),
        ],
    )
    def test_it_refuses_bad_input(self, changes: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidInputError) as refusal:
            keys.issue(**{"kind": "router", "name": "r", "now": MONDAY, **changes})

        assert {"pointer": f"/{field}", "detail": "is not valid"} in refusal.value.errors
        assert not ApiKey.objects.exists()

    def test_it_refuses_a_routers_key_with_a_customer(self) -> None:
        with pytest.raises(InvalidInputError):
            people.router_key(customer=people.open_customer())


class TestAuthenticate:
    def test_it_names_the_principal(self) -> None:
        customer = people.open_customer()
        issued = people.customer_key(customer, name="laptop")

        principal = keys.authenticate(secret=issued.secret, now=MONDAY)

        assert principal.customer_id == customer.pk
        assert principal.kind == "customer"
        assert principal.name == "laptop"
        assert principal.id == f"key:{issued.key.public_id}"

    def test_it_asks_the_database_once(self) -> None:
        issued = people.router_key()
        keys.authenticate(secret=issued.secret, now=MONDAY)

        with CaptureQueriesContext(
            connection,
        ) as queries:
            keys.authenticate(secret=issued.secret, now=MONDAY + SECOND)

        assert len(queries) == 1

    @pytest.mark.parametrize(
        "damage",
        [
            lambda secret: secret[:-1] + ("0" if secret[-1] != "0" else "1"),
            lambda secret: secret.replace("fbx_router", "fbx_customer"),
            lambda secret: secret.upper(),
            lambda secret: secret + "\n",
            lambda secret: secret[:-7],
            lambda _: "",
            lambda _: "fbx_router_" + "0" * 8 + "_" + "é" * 26 + "_000000",
        ],
    )
    def test_it_refuses_a_mistyped_key_without_a_query(self, damage: Any) -> None:
        issued = people.router_key()

        with CaptureQueriesContext(connection) as queries, pytest.raises(InvalidKeyError):
            keys.authenticate(secret=damage(issued.secret), now=MONDAY)

        assert len(queries) == 0

    def test_it_refuses_a_well_formed_key_that_nobody_has(self) -> None:
        with pytest.raises(InvalidKeyError):
            keys.authenticate(secret=secret_text.new("router"), now=MONDAY)

    def test_it_refuses_a_revoked_key_at_once(self) -> None:
        issued = people.router_key()
        keys.authenticate(secret=issued.secret, now=MONDAY)
        keys.revoke(key=issued.key, now=MONDAY)

        with pytest.raises(KeyRevokedError):
            keys.authenticate(secret=issued.secret, now=MONDAY)

    def test_it_refuses_a_key_from_its_expiry_on(self) -> None:
        issued = people.router_key(expires_at=MONDAY + SECOND)

        keys.authenticate(secret=issued.secret, now=MONDAY)
        with pytest.raises(KeyExpiredError):
            keys.authenticate(secret=issued.secret, now=MONDAY + SECOND)

    def test_it_notes_the_last_use_at_most_once_a_minute(self) -> None:
        issued = people.router_key()

        for seconds in (0, 59, 60):
            keys.authenticate(secret=issued.secret, now=MONDAY + seconds * SECOND)
            issued.key.refresh_from_db()
            noted = MONDAY if seconds < 60 else MONDAY + 60 * SECOND
            assert issued.key.last_used_at == noted


class TestRevoke:
    def test_it_happens_once(self) -> None:
        key = people.router_key().key

        assert keys.revoke(key=key, now=MONDAY)
        assert not keys.revoke(key=key, now=MONDAY + SECOND)
        key.refresh_from_db()
        assert key.revoked_at == MONDAY


@pytest.mark.django_db(transaction=True)
class TestLastUse:
    def test_it_does_not_wait_for_somebody_who_locks_the_row(self) -> None:
        issued = people.router_key()

        def lock_or_authenticate(_: int) -> str:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            return keys.authenticate(secret=issued.secret, now=MONDAY).name

        with transaction.atomic():
            ApiKey.objects.select_for_update().get(pk=issued.key.pk)
            names = race(2, lock_or_authenticate)

        assert names == ["a test's key"] * 2
        issued.key.refresh_from_db()
        assert issued.key.last_used_at is None
