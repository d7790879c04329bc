from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_purchase_history")]

    operations = [sql.install(app="billing", name="split")]
