import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from config.kit import sql

# The periods that are there: on their subscription's own tier, and live ones count from where they began.
FILL = """
UPDATE billing_subscriptionperiod p SET tier_id = s.tier_id FROM billing_subscription s WHERE s.id = p.subscription_id;
UPDATE billing_subscription SET started_at = paid_at, anchor = current_period_start WHERE current_period_start IS NOT NULL;
SET CONSTRAINTS ALL IMMEDIATE;
"""
OPEN = f"""
DROP TRIGGER billing_subscriptionperiod_append_only ON billing_subscriptionperiod;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{settings.APPLICATION_ROLE}') THEN
        GRANT UPDATE ON billing_subscriptionperiod TO {settings.APPLICATION_ROLE};
    END IF;
END $$;
"""
KEEP = """
CREATE TRIGGER billing_subscriptionperiod_kept BEFORE UPDATE OR DELETE ON billing_subscriptionperiod
    FOR EACH ROW EXECUTE FUNCTION billing_keep_period();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0009_meter_events"),
        ("marketplace", "0007_platform_plans"),
    ]

    operations = [
        migrations.RunSQL(OPEN, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="subscription",
            name="billing_subscription_amount_positive",
        ),
        migrations.RemoveConstraint(
            model_name="subscription",
            name="billing_subscription_one_live_per_agent",
        ),
        migrations.RemoveConstraint(
            model_name="subscription",
            name="billing_subscription_credits_positive",
        ),
        migrations.RemoveConstraint(
            model_name="subscription",
            name="billing_subscription_live_is_paid",
        ),
        migrations.AddField(
            model_name="subscription",
            name="alignment",
            field=models.CharField(
                choices=[("anniversary", "anniversary"), ("calendar", "calendar")],
                default="anniversary",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="subscription",
            name="anchor",
            field=models.DateTimeField(blank=True, help_text="Where its rhythm counts from.", null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="anchor_number",
            field=models.PositiveIntegerField(default=0, help_text="The period that began at the anchor."),
        ),
        migrations.AddField(
            model_name="subscription",
            name="cancel_at",
            field=models.DateTimeField(blank=True, help_text="Ends then instead of renewing.", null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="overage",
            field=models.BooleanField(
                default=False, help_text="The customer lets it run above what is included."
            ),
        ),
        migrations.AddField(
            model_name="subscription",
            name="past_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="paused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="pending_quantity",
            field=models.PositiveIntegerField(blank=True, help_text="From the next period on.", null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="pending_tier",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.subscriptiontier",
            ),
        ),
        migrations.AddField(
            model_name="subscription",
            name="quantity",
            field=models.PositiveIntegerField(default=1, help_text="Seats, where the tier counts them."),
        ),
        migrations.AddField(
            model_name="subscription",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="trial_end",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="zone",
            field=models.CharField(default="UTC", help_text="Pinned when it began.", max_length=64),
        ),
        migrations.AddField(
            model_name="subscriptionperiod",
            name="closed_at",
            field=models.DateTimeField(
                blank=True, help_text="When its usage was put on an invoice's draft.", null=True
            ),
        ),
        migrations.AddField(
            model_name="subscriptionperiod",
            name="number",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="subscriptionperiod",
            name="quantity",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="subscriptionperiod",
            name="tier",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.subscriptiontier",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="subscriptionperiod",
            name="tier",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.subscriptiontier",
            ),
        ),
        migrations.AlterField(
            model_name="subscription",
            name="agent",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.agent",
            ),
        ),
        migrations.AlterField(
            model_name="subscriptionperiod",
            name="amount_cents",
            field=models.BigIntegerField(help_text="Its fee."),
        ),
        migrations.AlterField(
            model_name="subscriptionperiod",
            name="granted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="subscriptionperiod",
            name="payment_intent_id",
            field=models.CharField(blank=True, db_index=True, default="", max_length=60),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("state__in", ("active", "past_due", "paused"))),
                fields=["current_period_end"],
                name="billing_subscription_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("active", "past_due", "paused"))),
                fields=("customer", "agent"),
                name="billing_subscription_one_live_per_agent",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gte", 0), ("credits__gte", 0)),
                name="billing_subscription_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gte", 1)), name="billing_subscription_has_seats"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("agent", None), models.Q(("amount_cents__gt", 0), ("credits__gt", 0)), _connector="OR"
                ),
                name="billing_subscription_agent_is_paid",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("active", "past_due", "paused")), _negated=True),
                    models.Q(
                        ("anchor__isnull", False),
                        ("current_period_end__gt", models.F("current_period_start")),
                        ("current_period_start__isnull", False),
                        ("started_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="billing_subscription_live_has_begun",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paused_at__isnull", False), ("state", "paused")),
                    models.Q(models.Q(("state", "paused"), _negated=True), ("paused_at", None)),
                    _connector="OR",
                ),
                name="billing_subscription_paused_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("past_due_at__isnull", False), ("state", "past_due")),
                    models.Q(models.Q(("state", "past_due"), _negated=True), ("past_due_at", None)),
                    _connector="OR",
                ),
                name="billing_subscription_past_due_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionperiod",
            constraint=models.UniqueConstraint(
                fields=("subscription", "number"), name="billing_subscriptionperiod_numbered"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gte", 0), ("credits__gte", 0), ("quantity__gte", 1)),
                name="billing_subscriptionperiod_not_negative",
            ),
        ),
        sql.install(app="billing", name="subscription_periods"),
        migrations.RunSQL(KEEP, "DROP TRIGGER billing_subscriptionperiod_kept ON billing_subscriptionperiod"),
        # A grant's fee and rate are those of the period that it came with, by whatever it was paid.
        sql.install(app="billing", name="split"),
    ]
