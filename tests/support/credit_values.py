"""Deployments where a credit is worth something else than a tenth of a cent."""

from decimal import Decimal
from typing import Any

from django.db import connection

from config.devservices import postgres
from tests import conftest


def at_one_cent(settings: Any) -> None:
    """Make the test's own database (a transactional test's) one where a credit is worth a cent."""
    settings.CREDIT_VALUE_USD = Decimal("0.01")
    # Only somebody who may pass by triggers changes it: a deployment never does.
    with conftest.databases.cluster.connect(connection.settings_dict["NAME"], postgres.SUPERUSER) as passing:
        passing.execute("SET session_replication_role = replica")
        passing.execute("UPDATE wallets_ledgersetting SET credit_value = 10000")
