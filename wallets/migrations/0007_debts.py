from typing import ClassVar, Final

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from config.kit import sql

DROP: Final = """
DROP FUNCTION IF EXISTS wallets_take_write(text, wallets_claim[], wallets_taken[], bigint[], bigint[], bigint[],
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], int, timestamptz);
"""


class Migration(migrations.Migration):
    """What is burned below zero is a debt, which paid credits and overage invoices pay."""

    dependencies: ClassVar = [
        ("wallets", "0006_many_holds_and_balance"),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="grantdrawdown",
            name="grant",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="drawdowns",
                to="wallets.creditgrant",
            ),
        ),
        migrations.CreateModel(
            name="WalletDebt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("overage", "Overage"), ("arrears", "Arrears")], max_length=10),
                ),
                ("amount", models.BigIntegerField(help_text="All that was burned or forced below zero.")),
                ("remaining", models.BigIntegerField()),
                ("paid", models.BigIntegerField(default=0, help_text="By paid grants.")),
                ("billed", models.BigIntegerField(default=0, help_text="By overage invoices.")),
                (
                    "carried",
                    models.BigIntegerField(
                        default=0,
                        help_text="USD micros that stand for the rest in `unbilled`, for arrears in `receivable`.",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="debts", to="wallets.wallet"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="grantdrawdown",
            name="debt",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="drawdowns",
                to="wallets.walletdebt",
            ),
        ),
        migrations.AddIndex(
            model_name="grantdrawdown",
            index=models.Index(
                condition=models.Q(("debt__isnull", False)),
                fields=["debt"],
                name="wallets_grantdrawdown_debt",
            ),
        ),
        migrations.AddConstraint(
            model_name="grantdrawdown",
            constraint=models.CheckConstraint(
                condition=models.Q(("grant__isnull", False), ("debt__isnull", False), _connector="OR"),
                name="wallets_grantdrawdown_of_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="walletdebt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("remaining__gt", 0)),
                fields=("wallet", "kind"),
                name="wallets_walletdebt_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="walletdebt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "amount",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("remaining"), "+", models.F("paid")
                            ),
                            "+",
                            models.F("billed"),
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
                    ("carried__gte", 0),
                    ("paid__gte", 0),
                    ("remaining__gte", 0),
                ),
                name="wallets_walletdebt_parts_not_negative",
            ),
        ),
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        *(
            sql.install(app="wallets", name=name)
            for name in ("basics", "open", "sealed_lines", "grants", "debts", "capture")
        ),
    ]
