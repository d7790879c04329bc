from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Other creators agree before a price may name them."""

    dependencies: ClassVar = [
        ("marketplace", "0009_split_rules"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Collaboration",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("invited", "Invited"), ("agreed", "Agreed"), ("declined", "Declined")],
                        default="invited",
                        max_length=8,
                    ),
                ),
                ("invited_by", models.CharField(help_text="The actor, such as user:usr_….", max_length=100)),
                ("invited_at", models.DateTimeField()),
                ("answered_by", models.CharField(blank=True, max_length=100)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="collaborations",
                        to="marketplace.agent",
                    ),
                ),
                (
                    "creator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="collaborations",
                        to="marketplace.creator",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agent", "creator"), name="marketplace_collaboration_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at", None), ("state", "invited")),
                            models.Q(("answered_at__isnull", False), ("state__in", ["agreed", "declined"])),
                            _connector="OR",
                        ),
                        name="marketplace_collaboration_answer_has_its_time",
                    ),
                ],
            },
        ),
    ]
