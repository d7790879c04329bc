"""Idempotency-Key: once, replayed byte by byte, at once, never across bodies."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer, IdempotentRequest
from tests.accounts import sample_routes
from tests.support import people
from tests.support.people import bearer
from tests.support.races import race

pytestmark = [pytest.mark.django_db, pytest.mark.urls(sample_routes)]


@pytest.fixture
def bob() -> dict[str, str]:
    return bearer(people.customer_key(people.open_customer()))


def post(headers: dict[str, str], agent: str = "echo", key: str | None = "k1") -> Any:
    extra = {} if key is None else {"Idempotency-Key": key}
    client = Client(raise_request_exception=False)
    return client.post("/v1/remembered", {"agent": agent}, "application/json", headers={**headers, **extra})


def made(name: str = "echo") -> int:
    return Customer.objects.filter(name=name).count()


def test_it_does_the_work_once_and_answers_the_same_bytes(bob: dict[str, str]) -> None:
    first, again = post(bob), post(bob)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert made() == 1


def test_it_does_not_remember_without_a_key(bob: dict[str, str]) -> None:
    assert post(bob, key=None).content != post(bob, key=None).content
    assert made() == 2


def test_it_refuses_another_body(bob: dict[str, str]) -> None:
    post(bob)

    refused = post(bob, agent="other")

    assert refused.status_code == 422
    assert refused.json()["code"] == "idempotency_key_reused"
    assert made("other") == 0


def test_it_keeps_principals_apart(bob: dict[str, str]) -> None:
    charlie = bearer(people.customer_key(people.open_customer("charlie")))

    assert post(bob).content != post(charlie).content
    assert made() == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ключ"])
def test_it_refuses_a_key_that_cannot_be_one(bob: dict[str, str], key: str) -> None:
    assert post(bob, key=key).json()["errors"] is not None
    assert post(bob, key=key).status_code == 400
    assert made() == 0


def test_it_replays_a_refusal_whose_work_was_undone(bob: dict[str, str]) -> None:
    first, again = post(bob, agent="short"), post(bob, agent="short")

    assert first.status_code == 402
    assert again.content == first.content
    assert again.headers["Content-Type"] == "application/problem+json"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert made("short") == 0


@pytest.mark.parametrize("failure", ["bug", "database", "away"])
def test_it_never_stores_a_5xx(bob: dict[str, str], failure: str) -> None:
    assert post(bob, agent=failure).status_code >= 500
    assert post(bob, agent=failure).status_code >= 500

    assert not IdempotentRequest.objects.exists()
    assert made(failure) == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_the_work_once(bob: dict[str, str]) -> None:
    answers: list[Any] = race(12, lambda _: post(bob))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 11
    assert made() == 1
