"""Install SQL that lies in `<app>/sql/` from a migration.

A file of functions says CREATE OR REPLACE and is edited in place: a new migration installs it again (and drops a
function whose arguments changed before that), so that each function is written once and every database ends alike.
A file with tables or rows runs once and never changes.
"""

from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import migrations

PROTECT: Final = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role};
    END IF;
END $$;
"""


def install(*, app: str, name: str) -> migrations.RunSQL:
    """Run `<app>/sql/<name>.sql` when the migration is applied."""
    body = Path(settings.BASE_DIR, app, "sql", f"{name}.sql").read_text(encoding="utf-8")
    # An early migration meets functions that speak of tables and columns which come later.
    return migrations.RunSQL(f"SET LOCAL check_function_bodies = off;\n{body}", migrations.RunSQL.noop)


def append_only(table: str) -> migrations.RunSQL:
    """Refuse UPDATE and DELETE on a table for everyone, and TRUNCATE for the application's role."""
    return migrations.RunSQL(
        PROTECT.format(table=table, role=settings.APPLICATION_ROLE),
        reverse_sql=f"DROP TRIGGER {table}_append_only ON {table}",
    )
