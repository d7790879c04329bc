from typing import ClassVar, Final

from django.db import migrations, models

from config.kit import sql

# It answers what was burned below zero too.
DROP: Final = """
DROP FUNCTION IF EXISTS billing_split_drawn(bigint[], bigint[], bigint[], bigint[], bigint[], jsonb, timestamptz);
"""


class Migration(migrations.Migration):
    """A run knows what it burned below zero, and posting carries it as unbilled."""

    dependencies: ClassVar = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0010_subscriptions"),
        ("marketplace", "0006_rate_cards"),
        ("wallets", "0007_debts"),
    ]

    operations: ClassVar = [
        migrations.RemoveConstraint(
            model_name="execution",
            name="billing_execution_amounts_not_negative",
        ),
        migrations.AddField(
            model_name="execution",
            name="overage",
            field=models.BigIntegerField(
                db_default=0, help_text="USD micros that stand for what was burned below zero."
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("charged__gte", 0),
                    ("cost__gte", 0),
                    ("estimate__gte", 0),
                    ("held__gte", 0),
                    ("metered__gte", 0),
                    ("cash__gte", 0),
                    ("platform_amount__gte", 0),
                    ("released__gte", 0),
                    ("unbilled__gte", 0),
                    ("overage__gte", 0),
                    ("processing__gte", 0),
                    ("zero_cash_earned__gte", 0),
                ),
                name="billing_execution_amounts_not_negative",
            ),
        ),
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        *(sql.install(app="billing", name=name) for name in ("split", "settle", "posting")),
    ]
