"""What production refuses to start with. `manage.py check` lists it; web, worker and beat stop on it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

SECRET_KEY_LENGTH_MIN: Final = 50
STRIPE_HOST: Final = "https://api.stripe.com"
LIVE: Final = ("sk_live_", "rk_live_")
DURABLE: Final = {"fsync": {"on"}, "full_page_writes": {"on"}}
# "local" and above wait for the disk of this server; "off" would answer before a payment is on it.
DURABLE_COMMIT: Final = {"on", "local", "remote_write", "remote_apply"}


@checks.register(checks.Tags.security)
def settings_are_safe(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **_: Any,
) -> list[CheckMessage]:
    """List what in the settings must not reach production."""
    return list(_unsafe_settings()) if settings.PRODUCTION else []


@checks.register(checks.Tags.database)
def database_is_safe(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **_: Any,
) -> list[CheckMessage]:
    """List what in the database's set-up could lose or forge money."""
    return list(_unsafe_database()) if settings.PRODUCTION and settings.PROCESS != "migrate" else []


def refuse_when_unsafe() -> None:
    """Stop a production process that is set up unsafely. Raises ImproperlyConfigured with every reason."""
    if not settings.PRODUCTION:
        return
    reasons = [*_unsafe_settings(), *_unsafe_database()]
    if reasons:
        raise ImproperlyConfigured("Refusing to start: " + "; ".join(f"{m.msg} ({m.id})" for m in reasons))


def _unsafe_settings() -> Iterator[CheckMessage]:
    short = len(settings.SECRET_KEY) < SECRET_KEY_LENGTH_MIN
    unsafe = {
        "E001 DEBUG is on": settings.DEBUG,
        "E002 SECRET_KEY is too short or a development key": short or "never-in-" in settings.SECRET_KEY,
        "E003 STRIPE_API_HOST points away from Stripe": settings.STRIPE_API_BASE != STRIPE_HOST,
        "E004 STRIPE_LIVE_MODE is off": not settings.STRIPE_LIVE_MODE,
        "E005 STRIPE_LIVE_SECRET_KEY is missing or a test key": not settings.STRIPE_LIVE_SECRET_KEY.startswith(
            LIVE
        ),
        "E006 The clock can be moved": settings.CLOCK_MOVABLE,
        "E007 ALLOWED_HOSTS is empty or open": not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS,
        "E008 SITE_URL is not https": not settings.SITE_URL.startswith("https://"),
    }
    for problem, found in unsafe.items():
        number, _, sentence = problem.partition(" ")
        if found:
            yield Error(sentence, id=f"farebox.{number}")


def _unsafe_database() -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings"
            " WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
        )
        found = dict(cursor.fetchall())
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        (powerful,) = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user"
        )
        (owned,) = cursor.fetchone()
    for name, allowed in {**DURABLE, "synchronous_commit": DURABLE_COMMIT}.items():
        if found[name] not in allowed:
            yield Error(f"PostgreSQL runs with {name} = {found[name]}", id="farebox.E010")
    if powerful or owned:
        yield Error("DATABASE_URL's role owns tables or is a superuser", id="farebox.E011")
    yield from _unsafe_webhooks()


def _unsafe_webhooks() -> Iterator[CheckMessage]:
    """Report endpoints without a secret: they would take any caller's word for a payment."""
    if "djstripe_webhookendpoint" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM djstripe_webhookendpoint WHERE secret = ''")
        (open_doors,) = cursor.fetchone()
    if open_doors:
        yield Error("A webhook endpoint has no secret", id="farebox.E012")
