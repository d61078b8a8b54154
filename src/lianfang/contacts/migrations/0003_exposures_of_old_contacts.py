"""Contacts of before exposures were facts: one exposure each, from the days on the contact itself."""

from django.db import migrations
from django.db.models import F

_CHUNK = 2000


def make_exposures(apps, schema_editor):
    """Write one exposure per contact that has none; the sweep then derives what is still running."""
    contact_model, exposure_model = (
        apps.get_model("contacts", "Contact"),
        apps.get_model("contacts", "Exposure"),
    )
    using = schema_editor.connection.alias
    bare = contact_model.objects.using(using).filter(exposures__isnull=True).order_by("pk")
    last = 0
    while chunk := list(bare.filter(pk__gt=last)[:_CHUNK]):
        last = chunk[-1].pk
        exposure_model.objects.using(using).bulk_create(
            exposure_model(
                contact_id=row.pk,
                from_on=row.first_contact_on,
                to_on=row.last_contact_on,
                setting=row.setting,
                proximity=row.proximity,
                origin="file",
                occurred_at=row.named_at,
                recorded_at=row.named_at,
            )
            for row in chunk
        )
    visited = contact_model.objects.using(using).exclude(status__in=("cancelled", "no_follow_up"))
    visited.filter(observe_from_on__isnull=False).update(visit_until_on=F("observe_until_on"))


class Migration(migrations.Migration):
    """Facts for rows that had only columns."""

    dependencies = [("contacts", "0002_exposures_swabs_stays")]

    operations = [migrations.RunPython(make_exposures, migrations.RunPython.noop)]
