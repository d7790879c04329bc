from typing import ClassVar

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import payouts.models.write_offs
from config.kit import sql


class Migration(migrations.Migration):
    """Arrears that nobody pays have other bearers, each once."""

    dependencies: ClassVar = [
        ("accounts", "0004_staff_notes"),
        ("billing", "0019_refunds"),
        ("payouts", "0007_statement_documents"),
        ("wallets", "0015_write_offs"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="WriteOff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=payouts.models.write_offs.new_public_id,
                        editable=False,
                        max_length=30,
                        unique=True,
                    ),
                ),
                ("amount", models.BigIntegerField(help_text="Credits, in micros.")),
                (
                    "carried",
                    models.BigIntegerField(help_text="USD micros that stood in `receivable` for them."),
                ),
                ("pulled", models.BigIntegerField(help_text="What creators bear.")),
                ("own", models.BigIntegerField(help_text="What the platform had earned of it.")),
                ("lost", models.BigIntegerField(help_text="What nobody else bears.")),
                ("actor", models.CharField(max_length=80)),
                ("reason", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer"
                    ),
                ),
                (
                    "debt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="write_offs",
                        to="wallets.walletdebt",
                    ),
                ),
                (
                    "transaction",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.transaction",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WriteOffPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("funding_class", models.CharField(max_length=10)),
                ("amount", models.BigIntegerField()),
                ("pulled", models.BigIntegerField(help_text="What creators had earned of it.")),
                (
                    "claw",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="wallets.claw"
                    ),
                ),
                (
                    "drawdown",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="write_offs",
                        to="wallets.grantdrawdown",
                    ),
                ),
                (
                    "execution",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="write_offs",
                        to="billing.execution",
                    ),
                ),
                (
                    "write_off",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="payouts.writeoff",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "amount",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("pulled"), "+", models.F("own")
                            ),
                            "+",
                            models.F("lost"),
                        ),
                    ),
                    ("amount__gt", 0),
                    ("carried__gte", 0),
                    ("lost__gte", 0),
                    ("own__gte", 0),
                    ("pulled__gte", 0),
                ),
                name="payouts_writeoff_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="writeoffpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0), ("pulled__gte", 0), ("pulled__lte", models.F("amount"))
                ),
                name="payouts_writeoffpart_positive",
            ),
        ),
        sql.append_only("payouts_writeoff"),
        sql.append_only("payouts_writeoffpart"),
    ]
