"""The value of a credit is written with the ledger; another setting is refused."""

from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from wallets import checks

pytestmark = pytest.mark.django_db


def test_the_ledgers_own_value_passes() -> None:
    checks.refuse_other_credit_value()


@pytest.mark.parametrize(("value", "reason"), [("0.01", "not the ledger's"), ("0.003", "whole number")])
def test_another_value_is_refused(value: str, reason: str) -> None:
    with override_settings(CREDIT_VALUE_USD=Decimal(value)):
        with pytest.raises(ImproperlyConfigured, match=reason):
            checks.refuse_other_credit_value()
        with pytest.raises(SystemCheckError, match="E001"):
            call_command("check", databases=["default"])
