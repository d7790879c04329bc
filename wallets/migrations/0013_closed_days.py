from typing import ClassVar

from django.db import migrations, models

from config.kit import sql

TRIGGER: str = """
ALTER TABLE wallets_closedday ADD CONSTRAINT wallets_closedday_was_over
    CHECK (closed_at >= (day + 1)::timestamp AT TIME ZONE 'UTC' + interval '1 hour');
CREATE TRIGGER wallets_transaction_open_day BEFORE INSERT ON wallets_transaction
    FOR EACH ROW WHEN (NEW.occurred_at < NEW.recorded_at - interval '1 hour')
    EXECUTE FUNCTION wallets_land_in_open_day();
"""
BACK: str = "DROP TRIGGER wallets_transaction_open_day ON wallets_transaction"


class Migration(migrations.Migration):
    """Days that are proven take no more bookings."""

    dependencies: ClassVar = [("wallets", "0012_adjustments")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="ClosedDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("closed_by", models.CharField(max_length=80)),
                ("closed_at", models.DateTimeField()),
            ],
        ),
        sql.append_only("wallets_closedday"),
        sql.install(app="wallets", name="closed_days"),
        migrations.RunSQL(TRIGGER, BACK),
    ]
