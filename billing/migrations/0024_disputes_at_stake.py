from typing import ClassVar, Final

from django.db import migrations, models

# What was open before: all that its lots brought and could not be set aside.
BEFORE: Final = """
    UPDATE billing_dispute d SET at_stake = greatest(0, (
        SELECT sum(g.amount) FROM wallets_frozenlot f JOIN wallets_creditgrant g ON g.id = f.grant_id
        WHERE f.source_type = 'dispute' AND f.source_id = d.stripe_id) - d.frozen)
    WHERE d.state = 'open'
"""


class Migration(migrations.Migration):
    """What creators earned of disputed credits is held back while nobody knows who pays for them."""

    dependencies: ClassVar = [
        ("accounts", "0004_staff_notes"),
        ("billing", "0023_undo"),
        ("wallets", "0015_write_offs"),
    ]

    operations: ClassVar = [
        migrations.RemoveConstraint(
            model_name="dispute",
            name="billing_dispute_amounts",
        ),
        migrations.AddField(
            model_name="dispute",
            name="at_stake",
            field=models.BigIntegerField(
                default=0,
                help_text="Credit micros of what is disputed that could not be: they are spent, or held by runs.",
            ),
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_cents__gt", 0),
                    ("at_stake__gte", 0),
                    ("frozen__gte", 0),
                    ("withdrawn_cents__gte", 0),
                ),
                name="billing_dispute_amounts",
            ),
        ),
    ]
