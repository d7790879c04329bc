import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql

KEEP = """
CREATE TRIGGER billing_addedseats_kept BEFORE UPDATE OR DELETE ON billing_addedseats
    FOR EACH ROW EXECUTE FUNCTION billing_keep_seats();
CREATE TRIGGER billing_trial_kept BEFORE UPDATE OR DELETE ON billing_trial
    FOR EACH ROW EXECUTE FUNCTION billing_keep_trial();
"""
OPEN = """
DROP TRIGGER billing_addedseats_kept ON billing_addedseats;
DROP TRIGGER billing_trial_kept ON billing_trial;
"""


class Migration(migrations.Migration):
    """Seats added within a period, trials, and which state of a subscription follows which."""

    dependencies = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0014_statement_documents"),
        ("marketplace", "0007_platform_plans"),
        ("wallets", "0010_withdraw"),
    ]

    operations = [
        migrations.CreateModel(
            name="AddedSeats",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="From 1, within the period.")),
                ("seats", models.PositiveIntegerField()),
                ("amount_cents", models.BigIntegerField()),
                ("credits", models.BigIntegerField()),
                (
                    "included",
                    models.JSONField(default=dict, help_text="Millionths of each metric that it counts."),
                ),
                ("added_at", models.DateTimeField()),
                ("payment_intent_id", models.CharField(blank=True, default="", max_length=60)),
                ("granted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "added seats",
            },
        ),
        migrations.CreateModel(
            name="Trial",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "told_at",
                    models.DateTimeField(blank=True, help_text="When the mail said that it ends.", null=True),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="invoiceline",
            name="billing_invoiceline_fee_has_period",
        ),
        migrations.AlterField(
            model_name="invoiceline",
            name="kind",
            field=models.CharField(
                choices=[
                    ("fee", "A period's fee: booked when it is paid"),
                    ("seats", "Seats added within a period: booked when they are paid"),
                    ("overage", "Debt of a wallet: billed when the invoice is final"),
                    ("usage", "Use in arrears"),
                    ("commitment", "What was committed and not used"),
                    ("proration", "A change within a period"),
                    ("credit", "From a credit note"),
                    ("adjustment", "A late event or a correction"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="subscriptionstatechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("from_state", "incomplete"), ("to_state__in", ("incomplete", "active", "expired"))
                    ),
                    models.Q(
                        ("from_state", "active"),
                        ("to_state__in", ("active", "past_due", "paused", "cancelled")),
                    ),
                    models.Q(
                        ("from_state", "past_due"), ("to_state__in", ("past_due", "active", "cancelled"))
                    ),
                    models.Q(("from_state", "paused"), ("to_state__in", ("paused", "active", "cancelled"))),
                    models.Q(("from_state", "cancelled"), ("to_state__in", ("cancelled",))),
                    models.Q(("from_state", "expired"), ("to_state__in", ("expired", "active"))),
                    _connector="OR",
                ),
                name="billing_subscriptionstatechange_allowed",
            ),
        ),
        migrations.AddField(
            model_name="addedseats",
            name="period",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="added",
                to="billing.subscriptionperiod",
            ),
        ),
        migrations.AddField(
            model_name="invoiceline",
            name="added",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="invoice_line",
                to="billing.addedseats",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("fee", "seats")), _negated=True),
                    models.Q(("period__isnull", False), ("subscription__isnull", False)),
                    _connector="OR",
                ),
                name="billing_invoiceline_fee_has_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("added__isnull", False), ("kind", "seats")),
                    models.Q(models.Q(("kind", "seats"), _negated=True), ("added", None)),
                    _connector="OR",
                ),
                name="billing_invoiceline_seats_are_added",
            ),
        ),
        migrations.AddField(
            model_name="trial",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trials",
                to="accounts.customer",
            ),
        ),
        migrations.AddField(
            model_name="trial",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="marketplace.plan"
            ),
        ),
        migrations.AddField(
            model_name="trial",
            name="subscription",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="trial", to="billing.subscription"
            ),
        ),
        migrations.AddConstraint(
            model_name="addedseats",
            constraint=models.UniqueConstraint(
                fields=("period", "number"), name="billing_addedseats_numbered"
            ),
        ),
        migrations.AddConstraint(
            model_name="addedseats",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_cents__gte", 0), ("credits__gte", 0), ("number__gte", 1), ("seats__gte", 1)
                ),
                name="billing_addedseats_not_negative",
            ),
        ),
        migrations.AddIndex(
            model_name="trial",
            index=models.Index(
                condition=models.Q(("told_at", None)), fields=["ends_at"], name="billing_trial_untold"
            ),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.UniqueConstraint(fields=("customer", "plan"), name="billing_trial_once_a_plan"),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("started_at"))), name="billing_trial_forward"
            ),
        ),
        sql.install(app="billing", name="subscription_periods"),
        migrations.RunSQL(KEEP, OPEN),
    ]
