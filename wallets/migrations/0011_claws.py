from typing import ClassVar

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """What was bought with money that went back is taken back, by force where it must be."""

    dependencies: ClassVar = [
        ("wallets", "0010_withdraw"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Claw",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purchase",
                    models.CharField(help_text="What the money had paid for, such as pi_….", max_length=120),
                ),
                ("amount", models.BigIntegerField(help_text="Credits taken, in micros.")),
                ("usd", models.BigIntegerField(help_text="USD micros given back for them, tax included.")),
                ("tax", models.BigIntegerField(default=0)),
                (
                    "deferred",
                    models.BigIntegerField(help_text="USD micros that were behind the voided credits."),
                ),
                (
                    "carried",
                    models.BigIntegerField(
                        help_text="USD micros that stand in `receivable` for what went below zero."
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ClawPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("cash", models.BigIntegerField()),
            ],
        ),
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
            name="waived",
            field=models.BigIntegerField(default=0, help_text="Written off, or its cause undone."),
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
                                    models.F("remaining"), "+", models.F("paid")
                                ),
                                "+",
                                models.F("billed"),
                            ),
                            "+",
                            models.F("waived"),
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
                ),
                name="wallets_walletdebt_parts_not_negative",
            ),
        ),
        migrations.AddField(
            model_name="claw",
            name="transaction",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="claw", to="wallets.transaction"
            ),
        ),
        migrations.AddField(
            model_name="claw",
            name="undoes",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="wallets.claw",
            ),
        ),
        migrations.AddField(
            model_name="claw",
            name="wallet",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="claws", to="wallets.wallet"
            ),
        ),
        migrations.AddField(
            model_name="clawpart",
            name="claw",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="wallets.claw"
            ),
        ),
        migrations.AddField(
            model_name="clawpart",
            name="debt",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="claws",
                to="wallets.walletdebt",
            ),
        ),
        migrations.AddField(
            model_name="clawpart",
            name="grant",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="claws",
                to="wallets.creditgrant",
            ),
        ),
        migrations.AddIndex(
            model_name="claw",
            index=models.Index(fields=["purchase"], name="wallets_claw_purchase"),
        ),
        migrations.AddConstraint(
            model_name="claw",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("amount__gte", 0),
                        ("carried__gte", 0),
                        ("deferred__gte", 0),
                        ("tax__gte", 0),
                        ("undoes", None),
                        ("usd__gt", 0),
                    ),
                    models.Q(
                        ("amount__lte", 0),
                        ("carried__lte", 0),
                        ("deferred__lte", 0),
                        ("tax__lte", 0),
                        ("undoes__isnull", False),
                        ("usd__lt", 0),
                    ),
                    _connector="OR",
                ),
                name="wallets_claw_signed",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("debt", None), ("grant__isnull", False)),
                    models.Q(("debt__isnull", False), ("grant", None)),
                    _connector="OR",
                ),
                name="wallets_clawpart_one_bearer",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__gt", 0), ("cash__gte", 0)),
                    models.Q(("amount__lt", 0), ("cash__lte", 0)),
                    _connector="OR",
                ),
                name="wallets_clawpart_signed",
            ),
        ),
        *(sql.install(app="wallets", name=name) for name in ("claw", "debts", "capture")),
        sql.append_only("wallets_claw"),
        sql.append_only("wallets_clawpart"),
    ]
