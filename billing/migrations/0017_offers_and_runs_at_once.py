from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """A cheaper plan is offered once a period; a plan may limit how many runs are open at a time."""

    dependencies: ClassVar = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0016_subscriber_moves"),
        ("marketplace", "0008_agreements_and_alerts"),
        ("wallets", "0008_quotas"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PlanOffer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "costs",
                    models.BigIntegerField(help_text="USD micros that the use came to, when it was offered."),
                ),
                ("other_costs", models.BigIntegerField(help_text="USD micros on the other plan.")),
                ("created_at", models.DateTimeField()),
                ("told_at", models.DateTimeField(blank=True, help_text="When the mail was sent.", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RunLimit",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="run_limit",
                        serialize=False,
                        to="accounts.customer",
                    ),
                ),
                ("most", models.PositiveIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="execution",
            name="counts_at_once",
            field=models.BooleanField(
                db_default=False,
                help_text="While open, it takes one of the runs that the plan allows at a time.",
            ),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                condition=models.Q(("counts_at_once", True), ("state__in", ["reserved", "running"])),
                fields=["customer", "expires_at"],
                name="billing_execution_at_once",
            ),
        ),
        migrations.AddField(
            model_name="planoffer",
            name="period",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="offer",
                to="billing.subscriptionperiod",
            ),
        ),
        migrations.AddField(
            model_name="planoffer",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="marketplace.plan"
            ),
        ),
        migrations.AddIndex(
            model_name="planoffer",
            index=models.Index(
                condition=models.Q(("told_at", None)), fields=["created_at"], name="billing_planoffer_untold"
            ),
        ),
        migrations.AddConstraint(
            model_name="planoffer",
            constraint=models.CheckConstraint(
                condition=models.Q(("other_costs__gte", 0), ("other_costs__lt", models.F("costs"))),
                name="billing_planoffer_saves",
            ),
        ),
        sql.install(app="billing", name="reserve"),
    ]
