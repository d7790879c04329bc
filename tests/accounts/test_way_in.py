"""The way into the API: keys, kinds, scopes, bodies and refusals, through plain views and DRF alike."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from config.kit import rate_limit
from tests.accounts import sample_routes
from tests.support import people
from tests.support.people import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.urls(sample_routes)]
JSON = "application/json"
PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "errors"}


@pytest.fixture(autouse=True)
def _no_leases() -> None:
    rate_limit.forget()


@pytest.fixture
def router(client: Client) -> dict[str, str]:
    return bearer(people.router_key())


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body.keys() >= PROBLEM_FIELDS
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:farebox:problem:{code}"
    return body


class TestPlainView:
    def test_it_takes_a_body_and_knows_the_principal(self, client: Client, router: dict[str, str]) -> None:
        response = client.post("/internal/order", {"agent": "echo"}, JSON, headers=router)

        assert response.status_code == 201
        assert response.headers["Content-Type"] == JSON
        assert response.json()["agent"] == "echo"
        assert response.json()["principal"].startswith("key:key_")

    def test_it_answers_plain_data_and_takes_path_arguments(
        self, client: Client, router: dict[str, str]
    ) -> None:
        response = client.get("/internal/whoami/x", headers=router)

        assert response.json() == {"name": "x", "customer": "a test's key"}

    def test_it_refuses_no_key(self, client: Client) -> None:
        response = client.post("/internal/order", {"agent": "echo"}, JSON)

        problem(response, 401, "unauthenticated")
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="farebox"'

    @pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Token x", "fbx_router_x"])
    def test_it_refuses_another_scheme(self, client: Client, header: str) -> None:
        response = client.post("/internal/order", {"agent": "e"}, JSON, headers={"Authorization": header})

        problem(response, 401, "unauthenticated")

    def test_it_refuses_a_key_that_is_none(self, client: Client) -> None:
        headers = {"Authorization": "Bearer fbx_router_nonsense"}
        problem(client.post("/internal/order", {}, JSON, headers=headers), 401, "invalid_key")

    def test_it_refuses_a_consumers_key(self, client: Client) -> None:
        headers = bearer(people.customer_key(people.open_customer()))
        problem(client.post("/internal/order", {"agent": "e"}, JSON, headers=headers), 403, "wrong_key_kind")

    def test_it_refuses_a_key_without_the_scope(self, client: Client) -> None:
        headers = bearer(people.router_key(scopes=["route:read"]))
        problem(client.post("/internal/order", {"agent": "e"}, JSON, headers=headers), 403, "missing_scope")

    def test_it_refuses_another_method(self, client: Client, router: dict[str, str]) -> None:
        response = client.get("/internal/order", headers=router)

        problem(response, 405, "method_not_allowed")
        assert response.headers["Allow"] == "POST"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b" ", "malformed_json"),
            (b"{", "malformed_json"),
            (b'{"agent": NaN}', "malformed_json"),
            (b'{"agent": "e", "usage": {"a": Infinity}}', "malformed_json"),
            (b'{"agent": "e", "usage": {"a": 1e999999999}}', "malformed_json"),
            (b'{"agent": "e", "agent": "f"}', "malformed_json"),
            (b'{"agent": "a\\u0000b"}', "malformed_json"),
            (b'{"agent": "\\ud800"}', "malformed_json"),
            (b'{"agent": "\xff"}', "malformed_json"),
            (b"[" * 100_000, "malformed_json"),
            (b"[]", "invalid_input"),
            (b"{}", "invalid_input"),
            (b'{"agent": 1}', "invalid_input"),
            (b'{"agent": null}', "invalid_input"),
            (b'{"agent": "e", "usage": {"a": "NaN"}}', "invalid_input"),
            (b'{"agent": "e", "colour": "red"}', "invalid_input"),
        ],
    )
    def test_it_refuses_bad_bodies(
        self, client: Client, router: dict[str, str], body: bytes, code: str
    ) -> None:
        problem(client.post("/internal/order", body, JSON, headers=router), 400, code)

    def test_it_points_at_the_field(self, client: Client, router: dict[str, str]) -> None:
        body = {"agent": "e", "parts": [{"agent": "f"}, {"agent": "g", "colour": "red"}]}

        response = client.post("/internal/order", body, JSON, headers=router)

        errors = problem(response, 400, "invalid_input")["errors"]
        assert errors == [{"pointer": "/parts/1/colour", "detail": "Object contains unknown field `colour`"}]

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
    def test_it_refuses_what_is_not_declared_as_json(
        self, client: Client, router: dict[str, str], content_type: str
    ) -> None:
        response = client.post("/internal/order", b'{"agent": "e"}', content_type, headers=router)

        problem(response, 415, "unsupported_media_type")

    @pytest.mark.parametrize("size", [1_000_001, 10_000_000])
    def test_it_refuses_a_body_above_the_cap(self, client: Client, router: dict[str, str], size: int) -> None:
        body = b'{"agent": "' + b"a" * (size - 13) + b'"}'
        problem(client.post("/internal/order", body, JSON, headers=router), 413, "body_too_large")

    def test_it_refuses_a_body_of_unknown_length(self, client: Client, router: dict[str, str]) -> None:
        extra: Any = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        response = client.post("/internal/order", b'{"agent": "e"}', JSON, headers=router, **extra)

        problem(response, 411, "length_required")

    def test_it_opens_no_session(self, client: Client, router: dict[str, str]) -> None:
        assert "Vary" not in client.get("/internal/whoami/x", headers=router).headers

    def test_it_takes_a_body_at_the_cap(self, client: Client, router: dict[str, str]) -> None:
        body = b'{"agent": "' + b"a" * (1_000_000 - 13) + b'"}'
        assert client.post("/internal/order", body, JSON, headers=router).status_code == 201

    def test_it_shows_what_a_refusal_adds(self, client: Client, router: dict[str, str]) -> None:
        body = problem(client.get("/internal/fail/short", headers=router), 402, "insufficient_credits")

        assert body["detail"] == "Buy more."
        assert body["blocking_gate"] == "wallet"
        assert body["shortfall"] == {"credits": "1", "usd": "0.001"}


@pytest.mark.parametrize("section", ["internal", "v1"])
class TestRefusals:
    """Both kinds of view turn the same exceptions into the same answers."""

    def call(self, client: Client, section: str, how: str) -> Any:
        if section == "internal":
            return client.get(f"/internal/fail/{how}", headers=bearer(people.router_key()))
        headers = bearer(people.customer_key(people.open_customer()))
        return client.post(f"/v1/sample/{how}", {"count": 1}, JSON, headers=headers)

    @pytest.mark.parametrize(
        ("how", "status", "code"),
        [
            ("short", 402, "insufficient_credits"),
            ("missing", 404, "not_found"),
            ("denied", 403, "forbidden"),
            ("database", 503, "unavailable"),
        ],
    )
    def test_it_answers_with_a_problem(
        self, client: Client, section: str, how: str, status: int, code: str
    ) -> None:
        problem(self.call(client, section, how), status, code)

    def test_it_hides_our_bug(self, client: Client, section: str) -> None:
        client.raise_request_exception = False

        body = problem(self.call(client, section, "bug"), 500, "internal_error")

        assert "our bug" not in str(body)

    def test_it_lets_tests_and_trackers_see_our_bug(self, client: Client, section: str) -> None:
        with pytest.raises(ZeroDivisionError):
            self.call(client, section, "bug")

    def test_it_answers_unknown_paths(self, client: Client, section: str) -> None:
        for path in (f"/{section}/nowhere", f"/{section}", f"/{section}/"):
            problem(client.get(path), 404, "not_found")


class TestDrfView:
    @pytest.fixture
    def bob(self) -> dict[str, str]:
        return bearer(people.customer_key(people.open_customer()))

    def test_it_knows_the_customer(self, client: Client) -> None:
        customer = people.open_customer()
        headers = bearer(people.customer_key(customer))

        response = client.post("/v1/sample/x", {"count": 1}, JSON, headers=headers)

        assert response.json() == {"customer": customer.pk}

    def test_it_refuses_no_key(self, client: Client) -> None:
        response = client.post("/v1/sample/x", {"count": 1}, JSON)

        problem(response, 401, "unauthenticated")
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="farebox"'

    def test_it_refuses_a_routers_key(self, client: Client) -> None:
        headers = bearer(people.router_key())
        problem(client.post("/v1/sample/x", {"count": 1}, JSON, headers=headers), 403, "wrong_key_kind")

    def test_it_points_at_invalid_fields(self, client: Client, bob: dict[str, str]) -> None:
        response = client.post("/v1/sample/x", {"count": 0}, JSON, headers=bob)

        errors = problem(response, 400, "invalid_input")["errors"]
        assert [error["pointer"] for error in errors] == ["/count"]

    @pytest.mark.parametrize("body", [b'{"count": 1, "count": 2}', b'{"count": NaN}', b"{", b" "])
    def test_it_reads_as_strictly(self, client: Client, bob: dict[str, str], body: bytes) -> None:
        problem(client.post("/v1/sample/x", body, JSON, headers=bob), 400, "malformed_json")

    def test_it_refuses_other_types_sizes_and_methods(self, client: Client, bob: dict[str, str]) -> None:
        large = b'"' + b"a" * 1_000_000 + b'"'

        problem(client.post("/v1/sample/x", b"x", "text/plain", headers=bob), 415, "unsupported_media_type")
        problem(client.post("/v1/sample/x", large, JSON, headers=bob), 413, "body_too_large")
        response = client.get("/v1/sample/x", headers=bob)
        problem(response, 405, "method_not_allowed")
        assert "POST" in response.headers["Allow"]


class TestRateLimit:
    @pytest.fixture(autouse=True)
    def _two_a_minute(self, settings: Settings) -> None:
        settings.RATE_LIMITS = {"customer": 2, "router": 3, "service": 3}

    def test_it_counts_down_and_refuses_until_the_minute_is_over(
        self, client: Client, router: dict[str, str]
    ) -> None:
        first, second, third, refused = [client.get("/internal/whoami/x", headers=router) for _ in range(4)]

        assert first.headers["RateLimit-Policy"] == '"default";q=3;w=60'
        assert [r.headers["RateLimit"].split(";")[1] for r in (first, second, third)] == ["r=2", "r=1", "r=0"]
        problem(refused, 429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 60

    def test_each_key_has_its_own(self, client: Client, router: dict[str, str]) -> None:
        other = bearer(people.router_key())
        for _ in range(3):
            client.get("/internal/whoami/x", headers=router)

        assert client.get("/internal/whoami/x", headers=other).status_code == 200

    def test_it_is_on_drf_answers_and_refusals_too(self, client: Client) -> None:
        headers = bearer(people.customer_key(people.open_customer()))

        refused = client.post("/v1/sample/x", {"count": 0}, JSON, headers=headers)
        client.post("/v1/sample/x", {"count": 1}, JSON, headers=headers)

        assert refused.headers["RateLimit"].startswith('"default";r=1;')
        problem(client.post("/v1/sample/x", {"count": 1}, JSON, headers=headers), 429, "rate_limited")


def test_a_page_answers_with_a_page(client: Client) -> None:
    response = client.get("/page/")

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")
