from typing import ClassVar

from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """A first payment may bear tax; a period is read for late events until none can come; renewals tell their fee."""

    dependencies: ClassVar = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0012_quotas"),
        ("marketplace", "0007_platform_plans"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="subscription",
            name="tax_cents",
            field=models.BigIntegerField(default=0, help_text="Of what its first payment asks for."),
        ),
        migrations.AddField(
            model_name="subscription",
            name="tax_country",
            field=models.CharField(blank=True, default="", max_length=2),
        ),
        migrations.AddField(
            model_name="subscription",
            name="tax_rate",
            field=models.DecimalField(
                decimal_places=4,
                default=0,
                help_text="Percent, as it was when it was asked for.",
                max_digits=7,
            ),
        ),
        migrations.AddField(
            model_name="subscriptionperiod",
            name="read_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When its meters were read for the last time: no more events can come in.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="subscriptionperiod",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False), ("read_at", None)),
                fields=["ends_at"],
                name="billing_period_unread",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("tax_cents__gte", 0), ("tax_cents__lte", models.F("amount_cents"))),
                name="billing_subscription_tax_is_a_part",
            ),
        ),
        sql.install(app="billing", name="subscription_periods"),
        sql.install(app="billing", name="split"),
    ]
