from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import billing.models.refunds
from config.kit import sql


class Migration(migrations.Migration):
    """Money given back, and what creators give back."""

    dependencies: ClassVar = [
        ("billing", "0018_origins"),
        ("marketplace", "0008_agreements_and_alerts"),
        ("wallets", "0011_claws"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=billing.models.refunds.new_public_id,
                        editable=False,
                        max_length=30,
                        unique=True,
                    ),
                ),
                (
                    "payment_intent_id",
                    models.CharField(help_text="The payment that is given back.", max_length=60),
                ),
                ("reference", models.CharField(help_text="Our id of what was paid for.", max_length=30)),
                (
                    "principal",
                    models.CharField(
                        help_text="Who asked: a customer's page, staff, or Stripe's dashboard.", max_length=80
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=255)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("amount_cents", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Asked for, Stripe has not heard of it"),
                            ("sending", "Stripe is being asked"),
                            ("unknown", "Unknown: to be looked up"),
                            ("refunded", "Refunded"),
                            ("failed", "Failed"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("calls", models.PositiveIntegerField(default=0)),
                ("called_at", models.DateTimeField(blank=True, null=True)),
                ("stripe_refund_id", models.CharField(blank=True, max_length=60, null=True, unique=True)),
                ("failure", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField()),
                ("refunded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "claw",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refund",
                        to="wallets.claw",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="accounts.customer",
                    ),
                ),
                (
                    "hold",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.hold",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RefundStateChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "from_state",
                    models.CharField(
                        choices=[
                            ("requested", "Asked for, Stripe has not heard of it"),
                            ("sending", "Stripe is being asked"),
                            ("unknown", "Unknown: to be looked up"),
                            ("refunded", "Refunded"),
                            ("failed", "Failed"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("requested", "Asked for, Stripe has not heard of it"),
                            ("sending", "Stripe is being asked"),
                            ("unknown", "Unknown: to be looked up"),
                            ("refunded", "Refunded"),
                            ("failed", "Failed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("changed_at", models.DateTimeField()),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="billing.refund",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CreatorPull",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("cause_type", models.CharField(help_text="Such as write_off, undo.", max_length=30)),
                ("cause_id", models.CharField(max_length=120)),
                ("from_pending", models.BigIntegerField(default=0)),
                ("from_payable", models.BigIntegerField(default=0)),
                ("from_reserve", models.BigIntegerField(default=0)),
                ("to_debt", models.BigIntegerField(default=0)),
                (
                    "to_loss",
                    models.BigIntegerField(
                        default=0, help_text="What the platform bears in the creator's place."
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.agent",
                    ),
                ),
                (
                    "creator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pulls",
                        to="marketplace.creator",
                    ),
                ),
                (
                    "execution",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pulls",
                        to="billing.execution",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.transaction",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["creator", "-created_at"], name="billing_creatorpull_creator")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cause_type", "cause_id", "creator", "execution"),
                        name="billing_creatorpull_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("from_payable__gte", 0),
                                ("from_pending__gte", 0),
                                ("from_reserve__gte", 0),
                                ("to_debt__gte", 0),
                                ("to_loss__gte", 0),
                            ),
                            models.Q(
                                ("from_payable__lte", 0),
                                ("from_pending__lte", 0),
                                ("from_reserve__lte", 0),
                                ("to_debt__lte", 0),
                                ("to_loss__lte", 0),
                            ),
                            _connector="OR",
                        ),
                        name="billing_creatorpull_signed",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["payment_intent_id"], name="billing_refund_payment"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state__in", ["requested", "sending", "unknown"])),
                fields=["created_at"],
                name="billing_refund_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                fields=("principal", "idempotency_key"), name="billing_refund_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["requested", "sending", "unknown"])),
                fields=("payment_intent_id",),
                name="billing_refund_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gt", 0)), name="billing_refund_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("claw__isnull", False),
                        ("refunded_at__isnull", False),
                        ("state", "refunded"),
                        ("stripe_refund_id__isnull", False),
                    ),
                    models.Q(("state", "refunded"), _negated=True),
                    _connector="OR",
                ),
                name="billing_refund_refunded_is_clawed",
            ),
        ),
        sql.append_only("billing_refundstatechange"),
        sql.append_only("billing_creatorpull"),
    ]
