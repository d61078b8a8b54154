"""Keyed hashes belong to people, not to single particulars, and join a name with something of the birth."""

from datetime import date

from django.db import migrations, models

_BATCH = 1000


def index_again(apps, schema_editor):
    """Write the keys of everybody on file in the new forms, from the sealed particulars."""
    from lianfang.common.sealing import Hasher, Opener
    from lianfang.core.registry.matching.forms import NUMBERS, kept_forms
    from lianfang.core.registry.matching.names import read_name

    Person, Identity, Key = (
        apps.get_model("registry", name) for name in ("Person", "Identity", "IdentityKey")
    )
    last = 0
    while people := list(
        Person.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "birth_year")[:_BATCH]
    ):
        first, last = people[0][0], people[-1][0]
        texts, opener, hasher = {}, Opener(), Hasher()
        identities = Identity.objects.filter(
            person_id__gte=first, person_id__lte=last, retracted_at__isnull=True
        ).exclude(sealed=b"")
        for person, kind, sealed in identities.values_list("person_id", "kind", "sealed"):
            texts.setdefault((person, kind), []).append(opener.open(sealed, kind))
        keys = []
        for person, year in people:
            names = [name for text in texts.get((person, "name"), ()) if (name := read_name(text))]
            births = [date.fromisoformat(text) for text in texts.get((person, "birth_date"), ())]
            numbers = [
                (k, n) for k, form in NUMBERS.items() for t in texts.get((person, k), ()) if (n := form(t))
            ]
            keys += [
                Key(person_id=person, form=form, digest=hasher.newest(form, text))
                for form, text in kept_forms(names, births, year, numbers)
            ]
        Key.objects.filter(person_id__gte=first, person_id__lte=last).delete()
        Key.objects.bulk_create(keys, batch_size=_BATCH)


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_primary_health_centre")]

    operations = [
        migrations.RemoveIndex("identitykey", "identity_key_lookup"),
        migrations.RemoveField("identitykey", "identity"),
        migrations.AddIndex(
            "identitykey", models.Index(fields=["digest", "person"], name="identity_key_lookup")
        ),
        migrations.RunPython(index_again, migrations.RunPython.noop),
    ]
