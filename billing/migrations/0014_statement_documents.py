from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A month's statement may be had as a file."""

    dependencies: ClassVar = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0013_first_tax"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="StatementDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(help_text="Its first day.")),
                ("asked_at", models.DateTimeField()),
                ("made_at", models.DateTimeField(blank=True, null=True)),
                ("fingerprint", models.CharField(blank=True, default="", max_length=64)),
                ("body", models.BinaryField(null=True)),
                (
                    "problem",
                    models.CharField(blank=True, default="", help_text="Why there is none.", max_length=300),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.customer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("made_at", None)),
                        fields=["asked_at"],
                        name="billing_statement_unmade",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("customer", "month"), name="billing_statementdocument_once"
                    )
                ],
            },
        ),
    ]
