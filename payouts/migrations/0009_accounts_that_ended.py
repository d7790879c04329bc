from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Accounts end, with a reason, and others follow them; their terms and deadlines are known."""

    dependencies: ClassVar = [
        ("marketplace", "0010_collaborations"),
        ("payouts", "0008_write_offs"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PastAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stripe_account_id", models.CharField(max_length=64, unique=True)),
                (
                    "ended",
                    models.CharField(
                        choices=[
                            ("closed", "The account at Stripe is closed."),
                            ("rejected", "Stripe has rejected this account."),
                            ("deauthorised", "The account was disconnected from us at Stripe."),
                        ],
                        max_length=12,
                    ),
                ),
                ("ended_at", models.DateTimeField()),
                ("replaced_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="payoutaccount",
            name="currency",
            field=models.CharField(blank=True, help_text="Of the bank account.", max_length=3),
        ),
        migrations.AddField(
            model_name="payoutaccount",
            name="ended",
            field=models.CharField(
                blank=True,
                choices=[
                    ("closed", "The account at Stripe is closed."),
                    ("rejected", "Stripe has rejected this account."),
                    ("deauthorised", "The account was disconnected from us at Stripe."),
                ],
                default="",
                help_text="It is paid no more.",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="payoutaccount",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="payoutaccount",
            name="number",
            field=models.PositiveSmallIntegerField(
                default=1, help_text="The creator's first, second, … account."
            ),
        ),
        migrations.AddField(
            model_name="payoutaccount",
            name="requirements_deadline",
            field=models.DateTimeField(
                blank=True, help_text="When Stripe stops payouts unless it has what it asks for.", null=True
            ),
        ),
        migrations.AddField(
            model_name="payoutaccount",
            name="service_agreement",
            field=models.CharField(
                blank=True, help_text="full, or recipient where money crosses a border.", max_length=9
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended", ""), ("ended_at", None)),
                    models.Q(models.Q(("ended", ""), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="payouts_account_ended_has_its_time",
            ),
        ),
        migrations.AddField(
            model_name="pastaccount",
            name="creator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="past_accounts",
                to="marketplace.creator",
            ),
        ),
    ]
