"""What the ledger refuses to start with: another value of a credit than the one it was opened with."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from wallets import money


@checks.register(checks.Tags.database)
def credit_value_is_kept(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **_: Any,
) -> list[CheckMessage]:
    """Report a CREDIT_VALUE_USD that would revalue every debt."""
    problem = _problem()
    return [Error(problem, id="wallets.E001")] if problem else []


def refuse_other_credit_value() -> None:
    """Stop a process whose CREDIT_VALUE_USD is not the ledger's. Raises ImproperlyConfigured."""
    if problem := _problem():
        raise ImproperlyConfigured(problem)


def _problem() -> str:
    value = money.credit_value()
    if value <= 0 or money.CENT * money.MICRO % value:
        return "CREDIT_VALUE_USD must make one cent a whole number of credit micros."
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('wallets_ledgersetting') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return ""
        cursor.execute("SELECT credit_value FROM wallets_ledgersetting")
        kept = cursor.fetchone()
    if kept and kept[0] != value:
        opened_with = money.usd_text(kept[0] * money.MICRO)
        return f"CREDIT_VALUE_USD is not the ledger's: it was opened with ${opened_with} a credit."
    return ""
