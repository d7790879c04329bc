from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """Credits that the platform gives away, by code and by staff."""

    dependencies: ClassVar = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0021_split_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Voucher",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(help_text="What staff call it, such as the campaign.", max_length=80),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                (
                    "hint",
                    models.CharField(editable=False, help_text="The code's last letters.", max_length=4),
                ),
                ("amount", models.BigIntegerField(help_text="Credit micros of each use.")),
                ("uses_max", models.PositiveIntegerField(help_text="How often it may be used in all.")),
                (
                    "per_customer",
                    models.PositiveSmallIntegerField(default=1, help_text="How often by one customer."),
                ),
                ("starts_at", models.DateTimeField()),
                (
                    "ends_at",
                    models.DateTimeField(help_text="The first moment at which it is not taken any more."),
                ),
                (
                    "credits_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="The credits expire so many days after the use; empty: never.",
                        null=True,
                    ),
                ),
                ("uses", models.PositiveIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stopped_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VoucherUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.PositiveSmallIntegerField(help_text="The customer's first, second, … use of it."),
                ),
                ("actor", models.CharField(max_length=100)),
                ("used_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer"
                    ),
                ),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="used", to="billing.voucher"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PromoGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(editable=False, max_length=40, unique=True)),
                ("amount", models.BigIntegerField(help_text="Credit micros.")),
                ("reason", models.CharField(max_length=300)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("given_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer"
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["given_by", "given_at"], name="billing_promogrant_by_giver")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="billing_promogrant_gives_something"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(("uses__lte", models.F("uses_max"))),
                name="billing_voucher_used_within_limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0),
                    ("per_customer__gte", 1),
                    ("starts_at__lt", models.F("ends_at")),
                    ("uses_max__gte", 1),
                ),
                name="billing_voucher_gives_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stopped_at", None), ("stopped_by", None)),
                    models.Q(("stopped_at__isnull", False), ("stopped_by__isnull", False)),
                    _connector="OR",
                ),
                name="billing_voucher_stopped_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucheruse",
            constraint=models.UniqueConstraint(
                fields=("voucher", "customer", "number"), name="billing_voucheruse_once"
            ),
        ),
        sql.append_only("billing_voucheruse"),
        sql.append_only("billing_promogrant"),
    ]
