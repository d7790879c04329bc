import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payouts", "0006_reserves_and_statements"),
    ]

    operations = [
        migrations.CreateModel(
            name="StatementDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("made_at", models.DateTimeField(blank=True, null=True)),
                ("body", models.BinaryField(null=True)),
                (
                    "problem",
                    models.CharField(blank=True, default="", help_text="Why there is none.", max_length=300),
                ),
                (
                    "statement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="document",
                        to="payouts.statement",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("made_at", None)),
                        fields=["asked_at"],
                        name="payouts_statement_unmade",
                    )
                ],
            },
        ),
    ]
