from typing import ClassVar, Final

from django.db import migrations

from config.kit import sql

# They know what a run cost now, of which a fixed price is a part.
DROP: Final = """
DROP FUNCTION IF EXISTS billing_split(jsonb, jsonb, jsonb);
DROP FUNCTION IF EXISTS billing_split_many(jsonb, jsonb, jsonb);
DROP FUNCTION IF EXISTS billing_split_classes(bigint, jsonb, jsonb);
DROP FUNCTION IF EXISTS billing_split_drawn(bigint[], bigint[], bigint[], bigint[], bigint[], jsonb, timestamptz);
DROP FUNCTION IF EXISTS billing_shares(bigint, bigint);
"""


class Migration(migrations.Migration):
    """Split by fixed prices on top of the platform's too."""

    dependencies: ClassVar = [
        ("billing", "0020_disputes"),
        ("marketplace", "0009_split_rules"),
    ]

    operations: ClassVar = [
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        *(sql.install(app="billing", name=name) for name in ("split", "settle")),
    ]
