from django.db import migrations

from config.kit import sql

TABLES = ["planversion", "price", "splitshare", "subscriptiontier", "agentstatuschange"]


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0001_initial"), ("wallets", "0002_functions")]

    operations = [
        *(sql.append_only(f"marketplace_{table}") for table in TABLES),
        sql.install(app="marketplace", name="whole_versions"),
    ]
