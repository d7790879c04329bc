from typing import ClassVar, Final

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql

# They take and answer what is left of a quota too.
DROP: Final = """
DROP FUNCTION IF EXISTS billing_reserve(text, text, text, bytea, text, text, text, text, bigint, bigint, bigint, bigint,
    bigint, jsonb, text, text, text, boolean, timestamptz, timestamptz);
DROP FUNCTION IF EXISTS billing_reserve_many(jsonb, timestamptz);
DROP FUNCTION IF EXISTS billing_reserve_items(jsonb);
"""


class Migration(migrations.Migration):
    """A run may take from a quota beside the credits."""

    dependencies: ClassVar = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0011_overage"),
        ("marketplace", "0007_platform_plans"),
        ("wallets", "0008_quotas"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="execution",
            name="quota_held",
            field=models.BigIntegerField(db_default=0, help_text="Micros of the quota's unit."),
        ),
        migrations.AddField(
            model_name="execution",
            name="quota_hold",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.hold",
            ),
        ),
        migrations.AddField(
            model_name="execution",
            name="quota_used",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="execution",
            name="quota_wallet",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quota_held", 0), ("quota_hold", None)),
                    models.Q(("quota_held__gt", 0), ("quota_hold__isnull", False)),
                    _connector="OR",
                ),
                name="billing_execution_quota_hold_covers_held",
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quota_used", 0),
                    models.Q(("quota_used__gt", 0), ("quota_wallet__isnull", False)),
                    _connector="OR",
                ),
                name="billing_execution_quota_used_of_a_quota",
            ),
        ),
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        *(sql.install(app="billing", name=name) for name in ("reserve", "settle", "close")),
    ]
