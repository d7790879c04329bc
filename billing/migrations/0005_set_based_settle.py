from typing import ClassVar, Final

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql

# What settled one item at a time, and what answers another type now.
DROP: Final = """
DROP FUNCTION IF EXISTS billing_settle_one(jsonb, jsonb, timestamptz);
DROP FUNCTION IF EXISTS billing_open_direct(jsonb, bigint, timestamptz);
DROP FUNCTION IF EXISTS billing_chargeable(billing_execution, bigint, timestamptz);
DROP FUNCTION IF EXISTS billing_write_usage(billing_execution, jsonb, bigint, timestamptz, timestamptz);
DROP FUNCTION IF EXISTS billing_answer(text, bigint);
DROP FUNCTION IF EXISTS billing_facts(bigint);
DROP FUNCTION IF EXISTS billing_split_drawn(bigint, bigint, bigint, bigint, bigint, jsonb, timestamptz);
DROP FUNCTION IF EXISTS billing_is_self(bigint, bigint);
DROP FUNCTION IF EXISTS billing_shares(bigint, bigint);
"""
# Nobody asks for a public id by its beginning.
LEAN: Final = "DROP INDEX IF EXISTS billing_execution_public_id_e7b8555e_like"


def _loose(related_name: str, to: str) -> models.ForeignKey[models.Model]:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to=to,
    )


class Migration(migrations.Migration):
    """Settle with one statement a table for all items of a call; write fewer index entries and locks."""

    dependencies: ClassVar = [("billing", "0004_plan_rates"), ("wallets", "0005_capture")]

    operations: ClassVar = [
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        *(sql.install(app="billing", name=name) for name in ("split", "settle")),
        migrations.RunSQL(LEAN, migrations.RunSQL.noop),
        migrations.AlterField("earning", "execution", _loose("earnings", "billing.execution")),
        migrations.AlterField("earning", "creator", _loose("earnings", "marketplace.creator")),
        migrations.AlterField("earning", "agent", _loose("+", "marketplace.agent")),
        migrations.AlterField(
            "execution",
            "settlement",
            models.OneToOneField(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="execution",
                to="wallets.transaction",
            ),
        ),
    ]
