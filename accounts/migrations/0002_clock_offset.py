"""The one row that moves the clock of development and test systems (config/kit/clock.py)."""

from django.db import migrations

FORWARD = """
CREATE TABLE clock_offset (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT clock_offset_has_one_row CHECK (only_row),
    seconds double precision NOT NULL DEFAULT 0
);
INSERT INTO clock_offset DEFAULT VALUES;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_accounts")]

    operations = [migrations.RunSQL(FORWARD, "DROP TABLE clock_offset")]
