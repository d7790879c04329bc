from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_set_based_settle"), ("wallets", "0006_many_holds_and_balance")]

    operations = [sql.install(app="billing", name="reserve")]
