"""A tally may tell what is occupied without what is usable."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("care", "0001_initial")]

    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.AlterField("bedtally", "usable", models.PositiveIntegerField(null=True)),
    ]
