"""What no view sees: the character NUL in a path or a form, and paths of the API that lead nowhere."""

import pytest
from django.test import Client

from tests.support.people import bearer, customer_key, open_customer, sign_up

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/runs/%00/", "/wallet/add/%00/live/", "/subscriptions/a%00b/"])
def test_nul_in_the_path_of_a_page_is_not_found(client: Client, path: str) -> None:
    user, _ = sign_up()
    client.force_login(user)

    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/v1/executions/%00", "/v1/wallet/topups/a%00b"])
def test_nul_in_the_path_of_the_api_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path, headers=bearer(customer_key(open_customer())))

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/wallet/add/", "/keys/"])
def test_nul_in_a_form_is_refused(client: Client, path: str) -> None:
    user, _ = sign_up()
    client.force_login(user)

    answer = client.post(path, {"choice": "10", "name": "a key", "key": "a\x00b"})

    assert answer.status_code == 400
    assert "NUL" in answer.content.decode()


@pytest.mark.parametrize("path", ["/v1/nope", "/internal/usage/nope", "/v1/nope/"])
def test_a_post_to_nowhere_in_the_api_is_a_problem_and_no_page(path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, {}, content_type="application/json")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_plain_view_is_answered_without_cookies_and_page_headers(client: Client) -> None:
    user, customer = sign_up()
    client.force_login(user)

    answer = client.get("/v1/wallet/balance", headers=bearer(customer_key(customer)))

    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert not answer.cookies
    assert not {"Vary", "Content-Security-Policy", "X-Frame-Options"} & set(answer.headers)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "RateLimit" in answer.headers


def test_a_plain_view_refuses_a_host_that_is_not_ours(client: Client) -> None:
    answer = client.get("/v1/wallet/balance", headers={"Host": "elsewhere.example"})

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
