from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql


def _key() -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(
        "source", "event_id", blank=True, editable=False, primary_key=True, serialize=False
    )


def _customer() -> "models.ForeignKey[models.Model]":
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="accounts.customer",
    )


class Migration(migrations.Migration):
    """Meter events, their keys, and what takes one back."""

    dependencies: ClassVar = [("billing", "0008_invoices"), ("accounts", "0002_clock_offset")]

    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[sql.install(app="billing", name="meter_events")],
            state_operations=[
                migrations.CreateModel(
                    name="MeterEvent",
                    fields=[
                        ("pk", _key()),
                        ("source", models.CharField(db_collation="C", max_length=255)),
                        ("event_id", models.CharField(db_collation="C", max_length=255)),
                        ("type", models.CharField(max_length=120)),
                        ("occurred_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        ("data", models.JSONField()),
                        ("customer", _customer()),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["customer", "type", "occurred_at"], name="billing_meterevent_customer"
                            )
                        ]
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="MeterEventKey",
            fields=[
                ("pk", _key()),
                ("source", models.CharField(db_collation="C", max_length=255)),
                ("event_id", models.CharField(db_collation="C", max_length=255)),
                ("occurred_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="MeterReversal",
            fields=[
                ("pk", _key()),
                ("source", models.CharField(db_collation="C", max_length=255)),
                ("event_id", models.CharField(db_collation="C", max_length=255)),
                (
                    "reversed_by",
                    models.CharField(
                        help_text="The id of the reversing event, of the same source.", max_length=255
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                ("customer", _customer()),
            ],
        ),
        *(sql.append_only(f"billing_{table}") for table in ("meterevent", "metereventkey", "meterreversal")),
        *(sql.install(app="billing", name=name) for name in ("partitions", "events")),
        migrations.RunSQL("SELECT billing_make_partitions(current_date - 35, 6)", migrations.RunSQL.noop),
    ]
