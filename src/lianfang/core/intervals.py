"""What the database itself refuses about intervals: two at once where only one can be, and one beyond its bounds.

A model says so by the class attribute `intervals`, as tables that only grow say `append_only`. PostgreSQL holds `Alone`
by an exclusion constraint (`btree_gist`), SQLite by triggers, under which every transaction that writes is alone;
`Within` is held by triggers on both. All are set after every `migrate`, because SQLite drops the triggers of a table
that a later migration rebuilds; setting them again is harmless.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connections, models

_END = 9223372036854775807


@dataclass(frozen=True)
class Alone:
    """No two rows that hold overlap in time where `field` is the same; the rule's `name` is in the refusal."""

    name: str
    field: str


@dataclass(frozen=True)
class Within:
    """The time of a row that holds lies within that of the row which `field` names, now and when that is shortened.

    The other model has the columns `from_at` and `until_at`.
    """

    name: str
    field: str


Rule = Alone | Within


def refused_by(error: IntegrityError) -> str:
    """Return the name of the rule that refused a write, or an empty text where another constraint did."""
    text = str(error)
    rules = [rule for model in _models() for rule in _rules(model)]
    return next((rule.name for rule in rules if rule.name in text), "")


def overlapping(of: type[models.Model], one: int, other: int) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs of rows, of `one` and of `other`, that could not both stand if the two were the same."""
    for model in _models():
        fields = {rule.field for rule in _rules(model) if isinstance(rule, Alone)}
        for name in sorted(fields):
            if model._meta.get_field(name).related_model is not of:  # noqa: SLF001
                continue
            held = model._base_manager.filter(superseded_at__isnull=True)  # noqa: SLF001
            theirs: list[Any] = list(held.filter(**{name: other}).order_by("occurred_at"))
            for row in held.filter(**{name: one}).order_by("occurred_at") if theirs else ():
                yield from ((row, each) for each in theirs if _meet(row, each))


def _meet(row: Any, other: Any) -> bool:
    first, last = (row, other) if row.occurred_at <= other.occurred_at else (other, row)
    return first.until_at is None or last.occurred_at < first.until_at


def protect_after_migrate(*, using: str, **_signal: object) -> None:
    """Set constraints and triggers when `migrate` has ended."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    make = _postgresql if connection.vendor == "postgresql" else _sqlite
    statements = [
        statement
        for model in _models()
        if model._meta.db_table in tables  # noqa: SLF001
        for rule in _rules(model)
        for statement in make(model, rule)
    ]
    with connection.cursor() as cursor:
        if statements and connection.vendor == "postgresql":
            cursor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        for statement in statements:
            cursor.execute(statement)


def _models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if _rules(model)]


def _rules(model: type[models.Model]) -> tuple[Rule, ...]:
    return getattr(model, "intervals", ())


def _names(model: type[models.Model], rule: Rule) -> tuple[str, str, str]:
    """Return the table, the column of the rule, and the table that the column points to."""
    field = model._meta.get_field(rule.field)  # noqa: SLF001
    other = field.related_model
    table = other._meta.db_table if isinstance(other, type) and issubclass(other, models.Model) else ""  # noqa: SLF001
    return model._meta.db_table, str(field.column), table  # type: ignore[union-attr]  # noqa: SLF001


def _beyond(row: str, bounds: str) -> str:
    return (
        f"({bounds}.from_at > {row}.occurred_at OR ({bounds}.until_at IS NOT NULL "
        f"AND ({row}.until_at IS NULL OR {row}.until_at > {bounds}.until_at)))"
    )


def _sqlite(model: type[models.Model], rule: Rule) -> list[str]:
    table, column, other = _names(model, rule)
    if isinstance(rule, Alone):
        check = (
            f"SELECT RAISE(ABORT, '{rule.name}') FROM {table} s WHERE s.{column} = NEW.{column} "  # noqa: S608 - names from the code
            "AND s.id <> COALESCE(NEW.id, -1) AND s.superseded_at IS NULL "
            f"AND s.occurred_at < COALESCE(NEW.until_at, {_END}) AND COALESCE(s.until_at, {_END}) > NEW.occurred_at"
        )
    else:
        check = f"SELECT RAISE(ABORT, '{rule.name}') FROM {other} b WHERE b.id = NEW.{column} AND {_beyond('NEW', 'b')}"  # noqa: S608
    made = []
    for event in ("INSERT", "UPDATE"):
        trigger = f"{rule.name}_{event.lower()}"
        made += [
            f"DROP TRIGGER IF EXISTS {trigger}",
            f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} WHEN NEW.superseded_at IS NULL BEGIN {check}; END",
        ]
    if isinstance(rule, Within):
        trigger = f"{rule.name}_bounds"
        held = (
            f"SELECT RAISE(ABORT, '{rule.name}') FROM {table} s WHERE s.{column} = NEW.id "  # noqa: S608
            f"AND s.superseded_at IS NULL AND {_beyond('s', 'NEW')}"
        )
        made += [
            f"DROP TRIGGER IF EXISTS {trigger}",
            f"CREATE TRIGGER {trigger} BEFORE UPDATE ON {other} BEGIN {held}; END",
        ]
    return made


def _postgresql(model: type[models.Model], rule: Rule) -> list[str]:
    table, column, other = _names(model, rule)
    if isinstance(rule, Alone):
        return [
            (
                f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{rule.name}') THEN "  # noqa: S608
                f"ALTER TABLE {table} ADD CONSTRAINT {rule.name} EXCLUDE USING gist "
                f"({column} WITH =, int8range(occurred_at, until_at) WITH &&) WHERE (superseded_at IS NULL); "
                "END IF; END $$"
            )
        ]
    refuse = f"RAISE EXCEPTION '{rule.name}' USING ERRCODE = 'integrity_constraint_violation'"
    inside = (
        f"DECLARE b record; BEGIN IF NEW.{column} IS NULL OR NEW.superseded_at IS NOT NULL THEN RETURN NEW; END IF; "  # noqa: S608
        f"SELECT from_at, until_at INTO b FROM {other} WHERE id = NEW.{column} FOR SHARE; "
        f"IF {_beyond('NEW', 'b')} THEN {refuse}; END IF; RETURN NEW; END"
    )
    bounds = (
        f"BEGIN IF EXISTS (SELECT 1 FROM {table} s WHERE s.{column} = NEW.id AND s.superseded_at IS NULL "  # noqa: S608
        f"AND {_beyond('s', 'NEW')}) THEN {refuse}; END IF; RETURN NEW; END"
    )
    made = []
    for name, on, event, body in (
        (rule.name, table, "INSERT OR UPDATE", inside),
        (f"{rule.name}_bounds", other, "UPDATE", bounds),
    ):
        made += [
            f"CREATE OR REPLACE FUNCTION lianfang_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            f"DROP TRIGGER IF EXISTS {name} ON {on}",
            f"CREATE TRIGGER {name} BEFORE {event} ON {on} FOR EACH ROW EXECUTE FUNCTION lianfang_{name}()",
        ]
    return made
