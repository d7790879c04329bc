from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """The chain of seals: tables only its own function writes, the function, and the guards."""

    dependencies: ClassVar = [
        ("wallets", "0003_chart"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SealHead",
            fields=[
                (
                    "day",
                    models.DateField(
                        help_text="The UTC day that it was taken on.", primary_key=True, serialize=False
                    ),
                ),
                ("number", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "verbose_name": "seal of the day",
                "verbose_name_plural": "seals of the day",
            },
        ),
        migrations.CreateModel(
            name="SealProgress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "passed",
                    models.BigIntegerField(
                        help_text="Every transaction up to this id is sealed or was rolled back."
                    ),
                ),
                (
                    "waits_at",
                    models.BigIntegerField(
                        help_text="The id to pass next, once its writers are done.", null=True
                    ),
                ),
                (
                    "writers",
                    models.TextField(
                        default="", help_text="Who was writing transactions when waits_at was seen."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="wallets_sealprogress_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "number",
                    models.BigIntegerField(
                        help_text="The chain's own order, from 1.", primary_key=True, serialize=False
                    ),
                ),
                (
                    "previous",
                    models.BinaryField(help_text="The hash of the seal before; 32 zero bytes for the first."),
                ),
                (
                    "hash",
                    models.BinaryField(
                        help_text="SHA-256 over the previous hash, the number, and every column."
                    ),
                ),
                (
                    "rows",
                    models.TextField(
                        help_text="A short mark of each row, which names the row when the hash differs."
                    ),
                ),
                (
                    "transaction",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seal",
                        to="wallets.transaction",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gt", 0)), name="wallets_seal_numbered"
                    )
                ],
            },
        ),
        sql.install(app="wallets", name="seals"),
        sql.append_only("wallets_seal"),
        sql.append_only("wallets_sealhead"),
    ]
