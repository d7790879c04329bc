from typing import ClassVar

from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    """The ledger's functions, and the guards that make it append-only."""

    dependencies: ClassVar = [("wallets", "0001_initial")]
    operations: ClassVar = [
        *(sql.install(app="wallets", name=name) for name in ("basics", "open", "post", "grants", "holds")),
        *(
            sql.append_only(table)
            for table in (
                "wallets_transaction",
                "wallets_entry",
                "wallets_grantdrawdown",
                "wallets_ledgersetting",
            )
        ),
    ]
