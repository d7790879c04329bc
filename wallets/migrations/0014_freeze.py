from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """What is left of a disputed payment's credits is set aside until the dispute is over."""

    dependencies: ClassVar = [
        ("wallets", "0013_closed_days"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="FrozenLot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_type", models.CharField(max_length=30)),
                ("source_id", models.CharField(max_length=120)),
                ("amount", models.BigIntegerField()),
                ("frozen_at", models.DateTimeField()),
                ("thawed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="frozen_lots",
                        to="wallets.creditgrant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source_type", "source_id", "grant"), name="wallets_frozenlot_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0)), name="wallets_frozenlot_not_negative"
                    ),
                ],
            },
        ),
        sql.install(app="wallets", name="withdraw"),
        sql.install(app="wallets", name="freeze"),
    ]
