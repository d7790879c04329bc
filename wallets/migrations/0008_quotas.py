from typing import ClassVar, Final

from django.db import migrations

from config.kit import sql

# It holds of quotas too.
DROP: Final = """
DROP FUNCTION IF EXISTS wallets_hold_place_many(bigint[], bigint[], bigint[], int[], boolean[], text, text[], text[],
    timestamptz[], timestamptz);
"""


class Migration(migrations.Migration):
    """Quotas: wallets whose unit is a meter."""

    dependencies: ClassVar = [("wallets", "0007_debts")]
    operations: ClassVar = [
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        *(sql.install(app="wallets", name=name) for name in ("quotas", "grants", "holds_many", "capture")),
    ]
