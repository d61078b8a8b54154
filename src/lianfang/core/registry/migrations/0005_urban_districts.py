"""Counties that are districts of their city (市辖区) are marked, by what was read from their names until now and by their codes."""

from django.db import migrations, models

_COUNTY = 3


def mark(apps, schema_editor):
    """Mark by code where it is one of GB/T 2260, and by a name that ends in 区 elsewhere."""
    from lianfang.core.registry.place_tables import looks_urban

    Place = apps.get_model("registry", "Place")
    rows = Place.objects.filter(level=_COUNTY).values_list("pk", "code", "name", "parent__code")
    urban = []
    for pk, code, name, parent in rows:
        is_gb = len(code) == 6 and code.isdigit() and parent == code[:4]
        if looks_urban(code, name, parent or "") if is_gb else name.endswith("区"):
            urban.append(pk)
    for start in range(0, len(urban), 500):
        Place.objects.filter(pk__in=urban[start : start + 500]).update(is_urban=True)


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_keys_of_people")]

    operations = [
        migrations.AddField(model_name="place", name="is_urban", field=models.BooleanField(default=False)),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
