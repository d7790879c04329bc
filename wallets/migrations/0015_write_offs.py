from typing import ClassVar

import django.db.models.expressions
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """Arrears that nobody pays end, and say so."""

    dependencies: ClassVar = [
        ("wallets", "0014_freeze"),
    ]

    operations: ClassVar = [
        migrations.RemoveConstraint(
            model_name="walletdebt",
            name="wallets_walletdebt_adds_up",
        ),
        migrations.RemoveConstraint(
            model_name="walletdebt",
            name="wallets_walletdebt_parts_not_negative",
        ),
        migrations.AddField(
            model_name="walletdebt",
            name="written_off",
            field=models.BigIntegerField(db_default=0, default=0, help_text="Nobody will pay it."),
        ),
        migrations.AlterField(
            model_name="walletdebt",
            name="waived",
            field=models.BigIntegerField(default=0, help_text="Its cause was undone."),
        ),
        migrations.AddConstraint(
            model_name="walletdebt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "amount",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("remaining"), "+", models.F("paid")
                                    ),
                                    "+",
                                    models.F("billed"),
                                ),
                                "+",
                                models.F("waived"),
                            ),
                            "+",
                            models.F("written_off"),
                        ),
                    )
                ),
                name="wallets_walletdebt_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="walletdebt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0),
                    ("billed__gte", 0),
                    ("paid__gte", 0),
                    ("remaining__gte", 0),
                    ("carried__gte", 0),
                    ("waived__gte", 0),
                    ("written_off__gte", 0),
                ),
                name="wallets_walletdebt_parts_not_negative",
            ),
        ),
        sql.install(app="wallets", name="claw"),
    ]
