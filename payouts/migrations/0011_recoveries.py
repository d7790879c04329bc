from typing import ClassVar

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """Who bore a write-off has back what is paid of it after all."""

    dependencies: ClassVar = [
        ("payouts", "0010_disputed_earnings"),
        ("wallets", "0017_recoveries"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="WriteOffRecovery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.BigIntegerField(help_text="Credits, in micros.")),
                ("returned", models.BigIntegerField(help_text="To creators.")),
                ("own", models.BigIntegerField(help_text="To the platform's part of the runs.")),
                ("loss", models.BigIntegerField(help_text="Of what nobody else had borne.")),
                ("created_at", models.DateTimeField()),
                (
                    "recovery",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.debtrecovery",
                    ),
                ),
                (
                    "transaction",
                    models.OneToOneField(
                        help_text="None: all was loss.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.transaction",
                    ),
                ),
                (
                    "write_off",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recoveries",
                        to="payouts.writeoff",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("returned"), "+", models.F("own")
                                    ),
                                    "+",
                                    models.F("loss"),
                                ),
                            ),
                            ("amount__gt", 0),
                            ("loss__gte", 0),
                            ("own__gte", 0),
                            ("returned__gte", 0),
                        ),
                        name="payouts_writeoffrecovery_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount", models.F("loss")), ("transaction", None)),
                            models.Q(("amount__gt", models.F("loss")), ("transaction__isnull", False)),
                            _connector="OR",
                        ),
                        name="payouts_writeoffrecovery_moves_what_is_not_loss",
                    ),
                ],
            },
        ),
        sql.append_only("payouts_writeoffrecovery"),
    ]
