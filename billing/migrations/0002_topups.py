import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import billing.models.subscriptions
import billing.models.topups


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0001_executions"),
        ("marketplace", "0003_credit_packages"),
        ("wallets", "0003_chart"),
    ]

    operations = [
        migrations.CreateModel(
            name="QuarantinedEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "stripe_id",
                    models.CharField(
                        help_text="The event, session or PaymentIntent.", max_length=120, unique=True
                    ),
                ),
                ("type", models.CharField(max_length=100)),
                ("reason", models.CharField(max_length=500)),
                (
                    "body",
                    models.BinaryField(
                        default=b"", help_text="As it came: it may hold what text columns refuse."
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "quarantined_at",
                    models.DateTimeField(blank=True, help_text="Null while Stripe still retries.", null=True),
                ),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("resolved_by", models.CharField(blank=True, default="", max_length=80)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolved_at", None)),
                        fields=["-last_at"],
                        name="billing_quarantinedevent_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StripeCustomer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stripe_id", models.CharField(max_length=60, unique=True)),
                ("created_at", models.DateTimeField()),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stripe_customer",
                        to="accounts.customer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "principal",
                    models.CharField(help_text="Who asked: a key, or a customer's page.", max_length=80),
                ),
                ("idempotency_key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField(help_text="SHA-256 of what was asked.", max_length=32)),
                ("amount_cents", models.BigIntegerField()),
                ("success_url", models.CharField(max_length=2000)),
                ("cancel_url", models.CharField(max_length=2000)),
                (
                    "calling_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="A call to Stripe is in flight until then at the latest.",
                        null=True,
                    ),
                ),
                ("stripe_session_id", models.CharField(blank=True, default="", max_length=120)),
                ("checkout_url", models.CharField(blank=True, default="", max_length=2000)),
                ("payment_intent_id", models.CharField(blank=True, max_length=60, null=True, unique=True)),
                ("charge_id", models.CharField(blank=True, default="", max_length=60)),
                (
                    "fee_cents",
                    models.BigIntegerField(blank=True, help_text="Null until Stripe has told it.", null=True),
                ),
                ("failure", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField()),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, help_text="When the checkout lapses.", null=True),
                ),
                (
                    "checked_at",
                    models.DateTimeField(
                        blank=True, help_text="When a sweeper last asked Stripe.", null=True
                    ),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                (
                    "public_id",
                    models.CharField(
                        default=billing.models.subscriptions.new_public_id,
                        editable=False,
                        max_length=30,
                        unique=True,
                    ),
                ),
                ("credits", models.BigIntegerField(help_text="What each period grants.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("incomplete", "Incomplete"),
                            ("active", "Active"),
                            ("past_due", "Past Due"),
                            ("paused", "Paused"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                        ],
                        default="incomplete",
                        max_length=10,
                    ),
                ),
                ("current_period_start", models.DateTimeField(blank=True, null=True)),
                ("current_period_end", models.DateTimeField(blank=True, null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="marketplace.agent"
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="accounts.customer",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.subscriptiontier",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.planversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SubscriptionPeriod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("credits", models.BigIntegerField()),
                ("amount_cents", models.BigIntegerField()),
                ("payment_intent_id", models.CharField(max_length=60, unique=True)),
                ("granted_at", models.DateTimeField()),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="periods",
                        to="billing.subscription",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SubscriptionStateChange",
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
                            ("incomplete", "Incomplete"),
                            ("active", "Active"),
                            ("past_due", "Past Due"),
                            ("paused", "Paused"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("incomplete", "Incomplete"),
                            ("active", "Active"),
                            ("past_due", "Past Due"),
                            ("paused", "Paused"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("changed_at", models.DateTimeField()),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="billing.subscription",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TopUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "principal",
                    models.CharField(help_text="Who asked: a key, or a customer's page.", max_length=80),
                ),
                ("idempotency_key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField(help_text="SHA-256 of what was asked.", max_length=32)),
                ("amount_cents", models.BigIntegerField()),
                ("success_url", models.CharField(max_length=2000)),
                ("cancel_url", models.CharField(max_length=2000)),
                (
                    "calling_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="A call to Stripe is in flight until then at the latest.",
                        null=True,
                    ),
                ),
                ("stripe_session_id", models.CharField(blank=True, default="", max_length=120)),
                ("checkout_url", models.CharField(blank=True, default="", max_length=2000)),
                ("payment_intent_id", models.CharField(blank=True, max_length=60, null=True, unique=True)),
                ("charge_id", models.CharField(blank=True, default="", max_length=60)),
                (
                    "fee_cents",
                    models.BigIntegerField(blank=True, help_text="Null until Stripe has told it.", null=True),
                ),
                ("failure", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField()),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, help_text="When the checkout lapses.", null=True),
                ),
                (
                    "checked_at",
                    models.DateTimeField(
                        blank=True, help_text="When a sweeper last asked Stripe.", null=True
                    ),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                (
                    "public_id",
                    models.CharField(
                        default=billing.models.topups.new_public_id,
                        editable=False,
                        max_length=30,
                        unique=True,
                    ),
                ),
                ("package", models.CharField(blank=True, default="", max_length=50)),
                ("paid_credits", models.BigIntegerField()),
                ("bonus_credits", models.BigIntegerField(default=0)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("paid", "Paid"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("refunded", "Refunded"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_ups",
                        to="accounts.customer",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="wallets.wallet"
                    ),
                ),
            ],
            options={
                "verbose_name": "top-up",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TopUpStateChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "from_status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("paid", "Paid"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("refunded", "Refunded"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "to_status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("paid", "Paid"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("refunded", "Refunded"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("changed_at", models.DateTimeField()),
                (
                    "top_up",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="billing.topup",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BalanceTransaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stripe_id", models.CharField(max_length=60, unique=True)),
                ("type", models.CharField(max_length=60)),
                ("source_id", models.CharField(blank=True, db_index=True, default="", max_length=60)),
                ("amount_cents", models.BigIntegerField()),
                ("fee_cents", models.BigIntegerField()),
                ("net_cents", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("created_at", models.DateTimeField()),
                ("available_on", models.DateTimeField()),
                (
                    "transaction",
                    models.ForeignKey(
                        blank=True,
                        help_text="The ledger's booking of the fee, where there is one.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.transaction",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-created_at"], name="billing_balancetransaction_new")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "net_cents",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("amount_cents"), "-", models.F("fee_cents")
                                ),
                            )
                        ),
                        name="billing_balancetransaction_net",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["customer", "-created_at"], name="billing_subscription_customer"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("state", "incomplete")),
                fields=["created_at"],
                name="billing_subscription_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                fields=("principal", "idempotency_key"), name="billing_subscription_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stripe_session_id", ""), _negated=True),
                fields=("stripe_session_id",),
                name="billing_subscription_one_session",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gt", 0)), name="billing_subscription_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paid_at", None), ("payment_intent_id", None)),
                    models.Q(("paid_at__isnull", False), ("payment_intent_id__isnull", False)),
                    _connector="OR",
                ),
                name="billing_subscription_paid_has_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["active", "past_due", "paused"])),
                fields=("customer", "agent"),
                name="billing_subscription_one_live_per_agent",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("credits__gt", 0)), name="billing_subscription_credits_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["incomplete", "expired", "cancelled"]),
                    models.Q(
                        ("current_period_end__gt", models.F("current_period_start")),
                        ("current_period_start__isnull", False),
                        ("paid_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="billing_subscription_live_is_paid",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionperiod",
            constraint=models.UniqueConstraint(
                fields=("subscription", "starts_at"), name="billing_subscriptionperiod_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="billing_subscriptionperiod_forward",
            ),
        ),
        migrations.AddIndex(
            model_name="topup",
            index=models.Index(fields=["customer", "-created_at"], name="billing_topup_customer"),
        ),
        migrations.AddIndex(
            model_name="topup",
            index=models.Index(
                condition=models.Q(("status", "pending")), fields=["created_at"], name="billing_topup_pending"
            ),
        ),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.UniqueConstraint(
                fields=("principal", "idempotency_key"), name="billing_topup_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stripe_session_id", ""), _negated=True),
                fields=("stripe_session_id",),
                name="billing_topup_one_session",
            ),
        ),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gt", 0)), name="billing_topup_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paid_at", None), ("payment_intent_id", None)),
                    models.Q(("paid_at__isnull", False), ("payment_intent_id__isnull", False)),
                    _connector="OR",
                ),
                name="billing_topup_paid_has_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.CheckConstraint(
                condition=models.Q(("bonus_credits__gte", 0), ("paid_credits__gt", 0)),
                name="billing_topup_credits_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paid_at__isnull", False), ("status__in", ["paid", "refunded"])),
                    models.Q(
                        models.Q(("status__in", ["paid", "refunded"]), _negated=True), ("paid_at", None)
                    ),
                    _connector="OR",
                ),
                name="billing_topup_status_has_payment",
            ),
        ),
    ]
