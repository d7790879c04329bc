from typing import ClassVar, Final

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql

KEEP: Final = """
CREATE TRIGGER marketplace_agreement_kept BEFORE UPDATE OR DELETE ON marketplace_agreement
    FOR EACH ROW EXECUTE FUNCTION marketplace_keep_agreement();
"""


class Migration(migrations.Migration):
    """Agreements are changed with a reason and frozen once in force; staff are told of rates that lose money."""

    dependencies: ClassVar = [
        ("accounts", "0002_clock_offset"),
        ("marketplace", "0007_platform_plans"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="AgreementChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("what", models.CharField(max_length=20)),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("reason", models.CharField(max_length=300)),
                ("actor", models.CharField(help_text="The actor, such as user:usr_….", max_length=100)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RateAlert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("created_at", models.DateTimeField()),
                ("told_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="agreement",
            name="marketplace_agreement_forward",
        ),
        migrations.AddField(
            model_name="agreement",
            name="changed_at",
            field=models.DateTimeField(blank=True, help_text="When it was last changed, if ever.", null=True),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gte", models.F("starts_at"))),
                name="marketplace_agreement_forward",
            ),
        ),
        migrations.AddField(
            model_name="agreementchange",
            name="agreement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="marketplace.agreement",
            ),
        ),
        migrations.AddField(
            model_name="ratealert",
            name="rate",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="alerts", to="marketplace.modelrate"
            ),
        ),
        migrations.AddConstraint(
            model_name="ratealert",
            constraint=models.UniqueConstraint(fields=("rate", "day"), name="marketplace_ratealert_once"),
        ),
        sql.append_only("marketplace_agreementchange"),
        sql.install(app="marketplace", name="agreements"),
        migrations.RunSQL(KEEP, "DROP TRIGGER marketplace_agreement_kept ON marketplace_agreement"),
    ]
