from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_initial"), ("wallets", "0002_functions")]

    operations = [sql.append_only("payouts_payoutstatechange"), sql.append_only("payouts_maturedearning")]
