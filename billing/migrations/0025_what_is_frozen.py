from django.db import migrations, models


class Migration(migrations.Migration):
    """Say what `frozen` counts since what holds let go of is frozen too; nothing changes in the database."""

    dependencies = [
        ("billing", "0024_disputes_at_stake"),
    ]

    operations = [
        migrations.AlterField(
            model_name="dispute",
            name="frozen",
            field=models.BigIntegerField(
                default=0,
                help_text="Credit micros set aside for it: what was free when it opened, and what holds let go of since.",
            ),
        ),
    ]
