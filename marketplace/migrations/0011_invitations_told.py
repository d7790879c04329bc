from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Who is asked to have a part of an agent is told by mail, once."""

    dependencies: ClassVar = [
        ("marketplace", "0010_collaborations"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="collaboration",
            name="told_at",
            field=models.DateTimeField(blank=True, help_text="When the invitation was mailed.", null=True),
        ),
    ]
