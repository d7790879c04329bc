from typing import ClassVar, Final

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql

# Charging many wallets at once took its place.
DROP: Final = "DROP FUNCTION IF EXISTS wallets_burn(bigint, bigint, timestamptz, bigint)"
# Nobody asks for a public id by its beginning: each cost every row one more index entry. And a wallet's row changes
# with every run: with room on its page the new version stays there and no index learns of it.
LEAN: Final = """
DROP INDEX IF EXISTS wallets_transaction_public_id_56881fda_like;
DROP INDEX IF EXISTS wallets_hold_public_id_b04b17bf_like;
DROP INDEX IF EXISTS wallets_creditgrant_public_id_57057f86_like;
DROP INDEX IF EXISTS wallets_wallet_public_id_dbbb6f97_like;
ALTER TABLE wallets_wallet SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    """Charge wallets in one go; make public ids in one expression; write fewer index entries and locks."""

    dependencies: ClassVar = [("wallets", "0004_seals")]

    operations: ClassVar = [
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        *(sql.install(app="wallets", name=name) for name in ("basics", "grants", "holds", "capture")),
        migrations.RunSQL(LEAN, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="entry",
            name="wallet",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="wallets.wallet",
            ),
        ),
    ]
