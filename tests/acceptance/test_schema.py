"""The tables that a new site gets at once are those that the migrations make one after another."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# All migrations one by one take half a minute: CI runs it among the long tests.
pytestmark = pytest.mark.slow

# Prints the tables with their columns, keys, indexes and constraints; in a process of its own, on a database of its own.
LOOK = """
import json, sys
from lianfang.cli.door import start_django
start_django()
from django.core.management import call_command
from django.db import connection
from lianfang.cli.schema import make_tables
if sys.argv[1] == "at-once":
    assert make_tables() and not make_tables()
call_command("migrate", verbosity=0)
with connection.cursor() as cursor:
    ours = [name for name in connection.introspection.table_names(cursor) if not name.startswith(("auth_", "django_"))]
    for table in sorted(ours):  # the keys between Django's own tables are of another width either way
        columns = [
            (c.name, str(c.type_code), c.null_ok, c.default, c.pk if hasattr(c, "pk") else None)
            for c in connection.introspection.get_table_description(cursor, table)
        ]
        rules = connection.introspection.get_constraints(cursor, table)
        said = [
            (bool(r["primary_key"]), bool(r["unique"]), bool(r["index"]), bool(r["check"]), r["columns"], r["foreign_key"])
            for r in rules.values()
        ]
        named = sorted(name for name in rules if not name.startswith("__"))
        print(json.dumps([table, sorted(columns, key=str), sorted(said, key=str), named]))
    cursor.execute("select app, name from django_migrations order by app, name")
    print(json.dumps(cursor.fetchall()))
"""


def look(folder: Path, url: str, how: str) -> list[str]:
    environment = {**os.environ, "LIANFANG_DATA_DIR": str(folder), "LIANFANG_DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, how], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_tables_at_once_are_those_of_the_migrations(tmp_path: Path, databases: Callable[[], str]) -> None:
    at_once, migrated = (look(tmp_path, databases(), how) for how in ("at-once", "migrated"))
    assert len(at_once) > 70
    for one, other in zip(at_once, migrated, strict=True):
        assert one == other
