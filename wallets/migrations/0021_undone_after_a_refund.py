from typing import ClassVar

from django.db import migrations

from config.kit import sql

# A database that is made anew got the new arguments with the file, in 0016.
DROP = "DROP FUNCTION IF EXISTS wallets_undo(bigint[], bigint[], bigint[], text, text, text, text, text, timestamptz, timestamptz)"


class Migration(migrations.Migration):
    """What an undone run gives back to a purchase that was refunded pays what the refund left owing."""

    dependencies: ClassVar = [
        ("wallets", "0020_arrears_of_disputed_lots"),
    ]

    operations: ClassVar = [
        sql.install(app="wallets", name="debts"),
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        sql.install(app="wallets", name="undo"),
    ]
