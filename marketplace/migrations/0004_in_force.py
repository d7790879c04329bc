from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0003_credit_packages")]

    operations = [sql.install(app="marketplace", name="in_force")]
