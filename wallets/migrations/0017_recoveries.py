from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """Of what was written off, some is paid after all."""

    dependencies: ClassVar = [
        ("wallets", "0016_undo"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="DebtRecovery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="walletdebt",
            name="recovered",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Of what was written off: paid after all."
            ),
        ),
        migrations.AddConstraint(
            model_name="walletdebt",
            constraint=models.CheckConstraint(
                condition=models.Q(("recovered__gte", 0), ("recovered__lte", models.F("written_off"))),
                name="wallets_walletdebt_recovered_within",
            ),
        ),
        migrations.AddField(
            model_name="debtrecovery",
            name="debt",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="recoveries",
                to="wallets.walletdebt",
            ),
        ),
        migrations.AddField(
            model_name="debtrecovery",
            name="transaction",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="recoveries",
                to="wallets.transaction",
            ),
        ),
        migrations.AddConstraint(
            model_name="debtrecovery",
            constraint=models.UniqueConstraint(
                fields=("debt", "transaction"), name="wallets_debtrecovery_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="debtrecovery",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="wallets_debtrecovery_positive"
            ),
        ),
        sql.append_only("wallets_debtrecovery"),
        *(sql.install(app="wallets", name=name) for name in ("debts", "claw")),
    ]
