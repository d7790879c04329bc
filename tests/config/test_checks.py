"""What production refuses to start with, each alone; and that today's project passes Django's own checks."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from djstripe.models import WebhookEndpoint
from pytest_django import Settings

from config.kit import checks

SAFE: dict[str, Any] = {
    "PRODUCTION": True,
    "DEBUG": False,
    "SECRET_KEY": "k" * 60,
    "STRIPE_API_BASE": "https://api.stripe.com",
    "STRIPE_LIVE_MODE": True,
    "STRIPE_LIVE_SECRET_KEY": "sk_live_" + "a" * 30,
    "CLOCK_MOVABLE": False,
    "ALLOWED_HOSTS": ["farebox.example"],
    "SITE_URL": "https://farebox.example",
}
UNSAFE: list[tuple[str, Any, str]] = [
    ("DEBUG", True, "farebox.E001"),
    ("SECRET_KEY", "short", "farebox.E002"),
    ("SECRET_KEY", "tests-only-never-in-production-" + "0" * 40, "farebox.E002"),
    ("STRIPE_API_BASE", "http://127.0.0.1:4242", "farebox.E003"),
    ("STRIPE_LIVE_MODE", False, "farebox.E004"),
    ("STRIPE_LIVE_SECRET_KEY", "", "farebox.E005"),
    ("STRIPE_LIVE_SECRET_KEY", "sk_test_" + "a" * 30, "farebox.E005"),
    ("CLOCK_MOVABLE", True, "farebox.E006"),
    ("ALLOWED_HOSTS", ["*"], "farebox.E007"),
    ("SITE_URL", "http://farebox.example", "farebox.E008"),
]


@pytest.fixture
def production(settings: Settings) -> Settings:
    """Make the settings those of a safe production."""
    for name, value in SAFE.items():
        setattr(settings, name, value)
    return settings


class TestSettings:
    def test_it_takes_a_safe_production(self, production: Settings) -> None:
        assert checks.settings_are_safe(None) == []

    @pytest.mark.parametrize(("name", "value", "number"), UNSAFE)
    def test_it_refuses_an_unsafe_value(
        self, production: Settings, name: str, value: object, number: str
    ) -> None:
        setattr(production, name, value)

        assert [message.id for message in checks.settings_are_safe(None)] == [number]

    def test_it_leaves_development_alone(self) -> None:
        assert checks.settings_are_safe(None) == []
        checks.refuse_when_unsafe()


@pytest.mark.django_db
class TestDatabase:
    def test_it_refuses_a_server_that_does_not_wait_for_its_disk(self, production: Settings) -> None:
        # The tests' own server runs with fsync off.
        with pytest.raises(ImproperlyConfigured, match=r"fsync = off \(farebox\.E010\)"):
            checks.refuse_when_unsafe()

    def test_it_refuses_commits_that_answer_too_early(self, production: Settings) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")

        assert any("synchronous_commit" in message.msg for message in checks.database_is_safe(None))

    def test_it_finds_the_applications_role_without_powers(self, production: Settings) -> None:
        assert "farebox.E011" not in [message.id for message in checks.database_is_safe(None)]

    def test_it_refuses_a_webhook_endpoint_without_a_secret(self, production: Settings) -> None:
        assert "farebox.E012" not in [message.id for message in checks.database_is_safe(None)]
        endpoint = {
            "api_version": "",
            "enabled_events": [],
            "status": "enabled",
            "url": "https://farebox.example",
        }
        WebhookEndpoint.objects.create(id="we_open", secret="", livemode=True, **endpoint)

        assert "farebox.E012" in [message.id for message in checks.database_is_safe(None)]


@pytest.mark.django_db
def test_it_passes_djangos_own_checks() -> None:
    call_command("check", fail_level="WARNING", databases=["default"])
