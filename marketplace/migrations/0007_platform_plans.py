import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_clock_offset"),
        ("marketplace", "0006_rate_cards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Agreement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("metric", models.CharField(blank=True, help_text="What is committed to.", max_length=20)),
                (
                    "committed",
                    models.DecimalField(
                        decimal_places=6,
                        default=0,
                        help_text="The quantity committed to, each period.",
                        max_digits=18,
                    ),
                ),
                (
                    "discount_bp",
                    models.PositiveIntegerField(
                        default=0, help_text="Basis points off the rate, up to the commitment."
                    ),
                ),
                (
                    "terms",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="sla, support, priority, guardrails: read by routers as they are.",
                    ),
                ),
                ("created_by", models.CharField(help_text="The actor, such as user:usr_….", max_length=100)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Entitlement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "included",
                    models.DecimalField(
                        blank=True,
                        decimal_places=6,
                        help_text="A period's quantity; none: no limit.",
                        max_digits=18,
                        null=True,
                    ),
                ),
                (
                    "hard",
                    models.BooleanField(
                        default=True, help_text="Off: use goes on above it, at the plan's price."
                    ),
                ),
                ("per_seat", models.BooleanField(default=False, help_text="Each seat brings so much.")),
                (
                    "rollover_cap",
                    models.DecimalField(
                        decimal_places=6,
                        default=0,
                        help_text="What may outlive its period; 0: nothing.",
                        max_digits=18,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Feature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[("boolean", "There or not"), ("metered", "Used in quantities")], max_length=7
                    ),
                ),
                (
                    "metric",
                    models.CharField(
                        blank=True, help_text="What its runs report and plans price.", max_length=20
                    ),
                ),
                (
                    "unit_cost_usd",
                    models.DecimalField(
                        blank=True,
                        decimal_places=9,
                        help_text="What one burns, kept in USD.",
                        max_digits=18,
                        null=True,
                    ),
                ),
                (
                    "quota_unit",
                    models.CharField(
                        blank=True, help_text="The unit of the quota that its runs take from.", max_length=20
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Meter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "slug",
                    models.CharField(help_text="The metric that plans price.", max_length=20, unique=True),
                ),
                ("name", models.CharField(max_length=60)),
                (
                    "event_type",
                    models.CharField(help_text="The type of the CloudEvents that it counts.", max_length=100),
                ),
                (
                    "aggregation",
                    models.CharField(
                        choices=[
                            ("count", "How many there were"),
                            ("sum", "Their sum"),
                            ("max", "The greatest"),
                            ("unique", "How many different values"),
                            ("latest", "The last value"),
                            ("time_weighted", "Values times how long each lasted"),
                        ],
                        max_length=13,
                    ),
                ),
                (
                    "property",
                    models.CharField(
                        blank=True, help_text="Which property of the data; none counts.", max_length=60
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="plan",
            name="marketplace_plan_agent_iff_agent_catalogue",
        ),
        migrations.RemoveConstraint(
            model_name="subscriptiontier",
            name="marketplace_subscriptiontier_grants_credits",
        ),
        migrations.RemoveConstraint(
            model_name="subscriptiontier",
            name="marketplace_subscriptiontier_costs_usd",
        ),
        migrations.AddField(
            model_name="agent",
            name="listed",
            field=models.BooleanField(
                default=True, help_text="Off: routers and features use it, the storefront does not show it."
            ),
        ),
        migrations.AddField(
            model_name="creator",
            name="is_platform",
            field=models.BooleanField(
                default=False, editable=False, help_text="The platform itself, which sells its features."
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="listed",
            field=models.BooleanField(default=True, help_text="Shown among the plans for everybody."),
        ),
        migrations.AddField(
            model_name="plan",
            name="place",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="Its place among the platform's plans."
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="self_service",
            field=models.BooleanField(default=True, help_text="Off: subscribed to by agreement only."),
        ),
        migrations.AddField(
            model_name="plan",
            name="slug",
            field=models.SlugField(
                blank=True,
                help_text="What a platform plan is asked for by.",
                max_length=60,
                null=True,
                unique=True,
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="summary",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="planversion",
            name="quota_unit",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The unit of the quota that each run takes from.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="planversion",
            name="unit",
            field=models.CharField(
                choices=[("CREDITS", "CREDITS"), ("USD", "USD")],
                default="CREDITS",
                help_text="What its prices are told in.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="price",
            name="overage",
            field=models.CharField(
                choices=[("on", "on"), ("blocked", "blocked")], default="on", max_length=7
            ),
        ),
        migrations.AddField(
            model_name="price",
            name="payment_term",
            field=models.CharField(
                choices=[("in_advance", "in_advance"), ("in_arrears", "in_arrears")],
                default="in_arrears",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="subscriptiontier",
            name="interval",
            field=models.CharField(
                choices=[("month", "Month"), ("year", "Year")], default="month", max_length=5
            ),
        ),
        migrations.AddField(
            model_name="subscriptiontier",
            name="overdraft",
            field=models.BigIntegerField(
                default=0, help_text="Credit micros below zero while the customer has overage on."
            ),
        ),
        migrations.AddField(
            model_name="subscriptiontier",
            name="per_seat",
            field=models.BooleanField(default=False, help_text="Fee and credits are a seat's."),
        ),
        migrations.AddField(
            model_name="subscriptiontier",
            name="rollover_cap",
            field=models.BigIntegerField(
                default=0, help_text="Credit micros that may outlive their period; 0: none."
            ),
        ),
        migrations.AddField(
            model_name="subscriptiontier",
            name="spend_cap_cents",
            field=models.PositiveIntegerField(
                blank=True, help_text="Most that a period's use costs.", null=True
            ),
        ),
        migrations.AddField(
            model_name="subscriptiontier",
            name="trial_days",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="plan",
            name="catalogue",
            field=models.CharField(
                choices=[
                    ("agent", "Prices of an agent"),
                    ("executions", "Platform tiers over executions"),
                    ("credits", "Platform tiers over credits"),
                    ("usage", "Platform plans over metered use"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="price",
            name="unit_price",
            field=models.DecimalField(decimal_places=12, help_text="A unit's, exact.", max_digits=24),
        ),
        migrations.AlterField(
            model_name="subscriptiontier",
            name="credits_per_month",
            field=models.BigIntegerField(help_text="Credit micros granted each period."),
        ),
        migrations.AddConstraint(
            model_name="creator",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_platform", True)),
                fields=("is_platform",),
                name="marketplace_creator_one_platform",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("agent__isnull", False), ("catalogue", "agent"), ("slug", None)),
                    models.Q(
                        ("agent", None),
                        ("catalogue__in", ["executions", "credits", "usage"]),
                        ("slug__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="marketplace_plan_agent_iff_agent_catalogue",
            ),
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("unit__in", ["CREDITS", "USD"])),
                name="marketplace_planversion_unit_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("quota_unit__in", ["CREDITS", "USD"]), _negated=True),
                name="marketplace_planversion_quota_is_no_money",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("payment_term__in", ["in_advance", "in_arrears"])),
                name="marketplace_price_payment_term_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("overage__in", ["on", "blocked"])), name="marketplace_price_overage_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptiontier",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("credits_per_month__gte", 0), ("overdraft__gte", 0), ("rollover_cap__gte", 0)
                ),
                name="marketplace_subscriptiontier_takes_no_credits",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptiontier",
            constraint=models.CheckConstraint(
                condition=models.Q(("price_usd__gte", 0), ("price_usd_currency", "USD")),
                name="marketplace_subscriptiontier_costs_usd",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptiontier",
            constraint=models.CheckConstraint(
                condition=models.Q(("interval__in", ["month", "year"])),
                name="marketplace_subscriptiontier_interval_known",
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="agreements", to="accounts.customer"
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="agreements", to="marketplace.plan"
            ),
        ),
        migrations.AddField(
            model_name="entitlement",
            name="tier",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entitlements",
                to="marketplace.subscriptiontier",
            ),
        ),
        migrations.AddField(
            model_name="feature",
            name="agent",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="feature",
                to="marketplace.agent",
            ),
        ),
        migrations.AddField(
            model_name="entitlement",
            name="feature",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="marketplace.feature"
            ),
        ),
        migrations.AddIndex(
            model_name="meter",
            index=models.Index(fields=["event_type"], name="marketplace_meter_by_type"),
        ),
        migrations.AddConstraint(
            model_name="meter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("aggregation__in", ["count", "sum", "max", "unique", "latest", "time_weighted"])
                ),
                name="marketplace_meter_aggregation_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="meter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("aggregation", "count"), models.Q(("property", ""), _negated=True), _connector="OR"
                ),
                name="marketplace_meter_reads_a_property",
            ),
        ),
        migrations.AddField(
            model_name="feature",
            name="meter",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="feature",
                to="marketplace.meter",
            ),
        ),
        migrations.AddIndex(
            model_name="agreement",
            index=models.Index(fields=["customer", "starts_at"], name="marketplace_agreement_customer"),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="marketplace_agreement_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("committed__gte", 0), ("discount_bp__lte", 10000)),
                name="marketplace_agreement_discount_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("committed", 0), models.Q(("metric", ""), _negated=True), _connector="OR"
                ),
                name="marketplace_agreement_commits_to_a_metric",
            ),
        ),
        migrations.AddConstraint(
            model_name="entitlement",
            constraint=models.UniqueConstraint(
                fields=("tier", "feature"), name="marketplace_entitlement_feature_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="entitlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("included", None), ("included__gte", 0), _connector="OR"),
                    ("rollover_cap__gte", 0),
                ),
                name="marketplace_entitlement_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="feature",
            constraint=models.CheckConstraint(
                condition=models.Q(("quota_unit", ""), ("agent__isnull", False), _connector="OR"),
                name="marketplace_feature_quota_has_agent",
            ),
        ),
        migrations.AddConstraint(
            model_name="feature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("agent", None),
                        ("kind", "boolean"),
                        ("meter", None),
                        ("metric", ""),
                        ("unit_cost_usd", None),
                    ),
                    models.Q(("kind", "metered"), models.Q(("metric", ""), _negated=True)),
                    _connector="OR",
                ),
                name="marketplace_feature_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="feature",
            constraint=models.UniqueConstraint(
                condition=models.Q(("metric", ""), _negated=True),
                fields=("metric",),
                name="marketplace_feature_metric_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="feature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("unit_cost_usd", None),
                    models.Q(("agent__isnull", False), ("unit_cost_usd__gte", 0)),
                    _connector="OR",
                ),
                name="marketplace_feature_cost_not_negative",
            ),
        ),
        sql.append_only("marketplace_entitlement"),
        sql.install(app="marketplace", name="entitlements"),
    ]
