"""Tables that only grow: the database itself refuses UPDATE, DELETE and TRUNCATE.

A model says so by the class attribute `append_only = True`; with `is_thinned = True` beside it whole rows may be deleted
when their time is over, and never changed. The triggers are set after every `migrate`, because
SQLite drops the triggers of a table whenever a later migration rebuilds it; setting them again is harmless. Whoever
can drop a trigger can still change a row: that is what the seals are for (see `chain`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

_MESSAGE = "this table only grows: rows are never changed or removed"

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION lianfang_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%: {_MESSAGE}', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def is_append_only(model: type[models.Model]) -> bool:
    """Return whether the rows of a model may never be changed."""
    return bool(getattr(model, "append_only", False))


def append_only_models() -> list[type[models.Model]]:
    """Return all models whose tables only grow."""
    return [model for model in apps.get_models() if is_append_only(model)]


def protect(connection: BaseDatabaseWrapper) -> None:
    """Set the triggers on the tables that exist; repeating it is harmless."""
    _run(connection, _protections)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers: for emptying a test database or a drill, never for a correction."""
    _run(connection, _liftings)


@contextmanager
def lifted(using: str) -> Iterator[None]:
    """Lift the protection for the duration of the block."""
    lift(connections[using])
    try:
        yield
    finally:
        protect(connections[using])


def protect_after_migrate(*, using: str, **_signal: object) -> None:
    """Set the triggers when `migrate` or `flush` has ended."""
    protect(connections[using])


def _run(connection: BaseDatabaseWrapper, statements: Callable[[str, type[models.Model]], list[str]]) -> None:
    tables = set(connection.introspection.table_names())
    wanted = [model for model in append_only_models() if model._meta.db_table in tables]  # noqa: SLF001
    with connection.cursor() as cursor:
        if wanted and connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for model in wanted:
            for statement in statements(connection.vendor, model):
                cursor.execute(statement)


def _protections(vendor: str, model: type[models.Model]) -> list[str]:
    table, is_thinned = model._meta.db_table, bool(getattr(model, "is_thinned", False))  # noqa: SLF001
    if vendor == "postgresql":
        trigger = f'CREATE TRIGGER "{table}_%s" BEFORE %s ON "{table}" FOR EACH %s EXECUTE FUNCTION lianfang_refuse()'
        rows = trigger % ("grows", "UPDATE" if is_thinned else "UPDATE OR DELETE", "ROW")
        whole = trigger % ("stays", "TRUNCATE", "STATEMENT")
        return [*_liftings(vendor, model), rows, whole]
    refused = ("UPDATE",) if is_thinned else ("UPDATE", "DELETE")
    lifted = [f'DROP TRIGGER IF EXISTS "{table}_no_delete"'] if is_thinned else []
    return lifted + [
        f'CREATE TRIGGER IF NOT EXISTS "{table}_no_{act.lower()}" BEFORE {act} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, '{table}: {_MESSAGE}'); END"
        for act in refused
    ]


def _liftings(vendor: str, model: type[models.Model]) -> list[str]:
    table = model._meta.db_table  # noqa: SLF001
    if vendor == "postgresql":
        return [f'DROP TRIGGER IF EXISTS "{table}_{name}" ON "{table}"' for name in ("grows", "stays")]
    return [f'DROP TRIGGER IF EXISTS "{table}_no_{act}"' for act in ("update", "delete")]
