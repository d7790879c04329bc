"""GET /healthz."""

import pytest
from celery import current_app
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from config import health


@pytest.mark.django_db
class TestHealth:
    def test_it_is_ready_when_every_part_is(self, client: Client) -> None:
        answer = client.get("/healthz")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok"} | dict.fromkeys(
            ["web", "database", "migrations", "broker"], "ok"
        )

    @pytest.mark.parametrize("part", ["database", "migrations", "broker"])
    def test_it_names_the_part_that_is_not_ready(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, part: str
    ) -> None:
        def fail() -> None:
            raise DatabaseError("host db.internal refused user farebox_app")

        monkeypatch.setitem(health.PARTS, part, fail)

        answer = client.get("/healthz")

        assert answer.status_code == 503
        assert answer.json()[part] == "DatabaseError"
        assert "internal" not in answer.content.decode()

    def test_it_refuses_to_be_posted_to(self, client: Client) -> None:
        assert client.post("/healthz").status_code == 405

    def test_it_sees_a_dead_broker(self, client: Client, settings: Settings) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(current_app.conf, "broker_write_url", "redis://127.0.0.1:1/0")

            assert client.get("/healthz").json()["broker"] == "OperationalError"
