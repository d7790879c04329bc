import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql

# No index: it is read whole and kept short, and a run pays for one heap insert only.
UNROLLED = """
CREATE TABLE billing_unrolled (
    execution_id bigint NOT NULL, customer_id bigint NOT NULL, agent_id bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
"""
UNHOOK = """
DROP TRIGGER billing_execution_ended ON billing_execution;
DROP TRIGGER billing_execution_born_ended ON billing_execution
"""
# Today's sums are written every second: room on their pages keeps that off the indexes.
SUMS = ("runday", "readingday", "agentday", "agentreadingday", "callerday", "earningday")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0006_reserve_many"),
        ("marketplace", "0004_in_force"),
    ]

    operations = [
        migrations.CreateModel(
            name="AgentReadingDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "agent",
                        "day",
                        "metric",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("metric", models.CharField(max_length=60)),
                ("quantity", models.DecimalField(decimal_places=12, max_digits=38)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="marketplace.agent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EarningDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "creator",
                        "day",
                        "agent",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("runs", models.BigIntegerField()),
                ("gross", models.BigIntegerField()),
                ("platform_fee", models.BigIntegerField()),
                ("net", models.BigIntegerField()),
                ("zero_cash", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="marketplace.agent",
                    ),
                ),
                (
                    "creator",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="marketplace.creator",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReadingDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer",
                        "day",
                        "agent",
                        "model",
                        "metric",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("model", models.CharField(blank=True, max_length=120)),
                ("metric", models.CharField(max_length=60)),
                ("quantity", models.DecimalField(decimal_places=12, max_digits=38)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="marketplace.agent",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.customer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RunDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer",
                        "day",
                        "agent",
                        "model",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("model", models.CharField(blank=True, max_length=120)),
                ("runs", models.BigIntegerField()),
                ("charged", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("first_opened_at", models.DateTimeField()),
                ("last_opened_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="marketplace.agent",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.customer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AgentDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "agent", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("runs", models.BigIntegerField(help_text="Those that failed too.")),
                ("successes", models.BigIntegerField()),
                ("settled", models.BigIntegerField()),
                ("charged", models.BigIntegerField()),
                ("fees", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="marketplace.agent",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="billing_agentday_day")],
            },
        ),
        migrations.CreateModel(
            name="CallerDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "agent",
                        "day",
                        "customer",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("runs", models.BigIntegerField()),
                ("charged", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="marketplace.agent",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.customer",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "day"], name="billing_callerday_customer")],
            },
        ),
        migrations.RunSQL(UNROLLED, "DROP TABLE billing_unrolled"),
        migrations.RunSQL(
            [f"ALTER TABLE billing_{table} SET (fillfactor = 80)" for table in SUMS], migrations.RunSQL.noop
        ),
        sql.install(app="billing", name="rollups"),
        # Runs from before are put on the list; the job adds them up.
        migrations.RunSQL("SELECT billing_unroll()", UNHOOK),
    ]
