"""Makes the tables of an empty database at once, from the models; a database that has tables is migrated."""

from typing import Any

from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def make_tables() -> bool:
    """Make all tables of an empty database and note the migrations as applied; False where there are tables already.

    The migrations one after another make the same tables (a test compares them) in ten times the time: for each of some
    two hundred steps Django builds all models anew. One transaction: a killed set-up leaves an empty database.
    """
    if connection.introspection.table_names():
        return False
    steps = MigrationLoader(connection).graph.nodes
    recorder = MigrationRecorder(connection)
    models: list[Any] = [m for m in apps.get_models() if m._meta.can_migrate(connection)]  # noqa: SLF001 - Meta API
    with connection.schema_editor() as editor:
        for model in [*models, recorder.Migration]:
            editor.create_model(model)
        noted = [recorder.Migration(app=app, name=name) for app, name in sorted(steps)]
        recorder.migration_qs.bulk_create(noted)
    return True
