from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """Disputes, followed step by step; the fee of one is booked apart from the fees of payments."""

    dependencies: ClassVar = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0019_refunds"),
        ("wallets", "0011_claws"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="balancetransaction",
            name="category",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Stripe's reporting category: which adjustment it is.",
                max_length=60,
            ),
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stripe_id", models.CharField(max_length=60, unique=True)),
                ("payment_intent_id", models.CharField(db_index=True, max_length=60)),
                ("charge_id", models.CharField(db_index=True, max_length=60)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("inquiry", "Inquiry: the bank asks, no money has moved"),
                            ("dropped", "The inquiry came to nothing"),
                            ("open", "Open: the money is taken, the rest of its credits is frozen"),
                            ("won", "Won: money and credits are back"),
                            ("lost", "Lost: the credits are taken back"),
                        ],
                        default="inquiry",
                        max_length=10,
                    ),
                ),
                ("stripe_status", models.CharField(max_length=40)),
                ("reason", models.CharField(max_length=60)),
                ("amount_cents", models.BigIntegerField(help_text="What is disputed.")),
                (
                    "withdrawn_cents",
                    models.BigIntegerField(default=0, help_text="What Stripe took, its fee aside."),
                ),
                ("fee_cents", models.BigIntegerField(default=0)),
                ("evidence_due", models.DateTimeField(blank=True, null=True)),
                ("evidence_sent", models.BooleanField(default=False)),
                (
                    "frozen",
                    models.BigIntegerField(
                        default=0, help_text="Credit micros that were set aside when it opened."
                    ),
                ),
                (
                    "claw",
                    models.OneToOneField(
                        blank=True,
                        help_text="What was taken back when it was lost.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispute",
                        to="wallets.claw",
                    ),
                ),
                ("disputed_at", models.DateTimeField(help_text="At Stripe.")),
                ("created_at", models.DateTimeField()),
                (
                    "opened_at",
                    models.DateTimeField(
                        blank=True, help_text="When we booked that it was taken.", null=True
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "checked_at",
                    models.DateTimeField(blank=True, help_text="When we last asked Stripe.", null=True),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="accounts.customer",
                    ),
                ),
                (
                    "invoice_payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="billing.invoicepayment",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="billing.subscription",
                    ),
                ),
                (
                    "top_up",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="billing.topup",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DisputeStateChange",
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
                        blank=True,
                        choices=[
                            ("inquiry", "Inquiry: the bank asks, no money has moved"),
                            ("dropped", "The inquiry came to nothing"),
                            ("open", "Open: the money is taken, the rest of its credits is frozen"),
                            ("won", "Won: money and credits are back"),
                            ("lost", "Lost: the credits are taken back"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("inquiry", "Inquiry: the bank asks, no money has moved"),
                            ("dropped", "The inquiry came to nothing"),
                            ("open", "Open: the money is taken, the rest of its credits is frozen"),
                            ("won", "Won: money and credits are back"),
                            ("lost", "Lost: the credits are taken back"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("changed_at", models.DateTimeField()),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="billing.dispute",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("state__in", ["inquiry", "open"])),
                fields=["customer"],
                name="billing_dispute_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invoice_payment", None), ("subscription", None), ("top_up__isnull", False)),
                    models.Q(("invoice_payment", None), ("subscription__isnull", False), ("top_up", None)),
                    models.Q(("invoice_payment__isnull", False), ("subscription", None), ("top_up", None)),
                    _connector="OR",
                ),
                name="billing_dispute_of_one_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gt", 0), ("frozen__gte", 0), ("withdrawn_cents__gte", 0)),
                name="billing_dispute_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "open"), _negated=True),
                    models.Q(("opened_at__isnull", False), ("withdrawn_cents__gt", 0)),
                    _connector="OR",
                ),
                name="billing_dispute_open_is_withdrawn",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", False), ("state__in", ["won", "lost"])),
                    models.Q(models.Q(("state__in", ["won", "lost"]), _negated=True), ("closed_at", None)),
                    _connector="OR",
                ),
                name="billing_dispute_closed_says_when",
            ),
        ),
        sql.append_only("billing_disputestatechange"),
    ]
