import datetime as dt
from typing import Any, ClassVar

from django.db import migrations

from config.kit import ids
from wallets import chart, money


def open_platform_wallets(apps: Any, _editor: Any) -> None:
    """Give every name of the chart its row."""
    wallet = apps.get_model("wallets", "Wallet")
    wallet.objects.bulk_create(
        wallet(
            public_id=ids.new(ids.WALLET),
            owner_type="platform",
            owner_id=0,
            unit=unit,
            kind=kind,
            overdraft_limit=None,
            created_at=dt.datetime.now(dt.UTC),
        )
        for unit, kind in chart.PLATFORM_WALLETS
    )


def fix_credit_value(apps: Any, _editor: Any) -> None:
    """Write down what a credit is worth: from now on another setting is refused."""
    apps.get_model("wallets", "LedgerSetting").objects.create(id=1, credit_value=money.credit_value())


class Migration(migrations.Migration):
    """The chart of accounts and the value of a credit, written once."""

    dependencies: ClassVar = [("wallets", "0002_functions")]
    operations: ClassVar = [
        migrations.RunPython(open_platform_wallets, migrations.RunPython.noop),
        migrations.RunPython(fix_credit_value, migrations.RunPython.noop),
    ]
