"""Making, writing and finding many rows at once, as columns of plain values.

Django's `bulk_create` and `bulk_update` put an expression together for every cell, `in` one for every value, and its
constructor sends signals and walks over all fields: together most of the time of an import. What is written here is
the same, cell by cell (`Field.get_db_prep_save`), by COPY or a prepared statement; defaults, keys and constraints hold.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, count, islice
from typing import Any, TypeVar

from django.db import connection, connections, models, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.base import ModelState

_Row = TypeVar("_Row", bound=models.Model)
# Values of one IN list: below the limit of 32,766 parameters of SQLite.
_MAX_VALUES = 30_000
_ROWS_A_STATEMENT = 50


def make(model: type[_Row], columns: Mapping[str, Any]) -> _Row:
    """Return a new row, as `model(**columns)` does, at a tenth of its cost: names are those of columns (`person_id`)."""
    fixed, drawn = _defaults(model)
    if not columns.keys() <= fixed.keys():
        raise TypeError(
            f"columns must be columns of {model.__name__}. Got {sorted(columns.keys() - fixed.keys())}."
        )
    row = model.__new__(model)
    row.__dict__ = {"_state": ModelState(), **fixed, **columns}
    for name, draw in drawn:
        if name not in columns:
            row.__dict__[name] = draw()
    return row


@cache
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Return the default of each column, and those that are drawn anew for each row."""
    fields = _meta(model).concrete_fields
    drawn = [
        (field.attname, field.default) for field in fields if field.has_default() and callable(field.default)
    ]
    names = {name for name, _ in drawn}
    return {f.attname: None if f.attname in names else f.get_default() for f in fields}, drawn


def among(
    model: type[models.Model], columns: Sequence[str], where: str, values: Iterable[Any]
) -> Iterator[tuple[Any, ...]]:
    """Yield `columns` of the rows whose column `where` is one of `values`, however many those are.

    All are names of columns, and their values as the database keeps them: a moment is a number of seconds.
    """
    listed = ", ".join(_quoted(_meta(model).get_field(name).column) for name in columns)
    return _selected(model, listed, where, values)


def counted(model: type[models.Model], where: str, values: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Yield (value, number of rows) for those of `values` that are in the column `where` at all."""
    column = _quoted(_meta(model).get_field(where).column)
    return _selected(model, f"{column}, COUNT(*)", where, values, f" GROUP BY {column}")


def _selected(
    model: type[models.Model], listed: str, where: str, values: Iterable[Any], rest: str = ""
) -> Iterator[tuple[Any, ...]]:
    meta, wanted = _meta(model), iter(values)
    field = meta.get_field(where)
    query = f"SELECT {listed} FROM {_quoted(meta.db_table)} WHERE {_quoted(field.column)}"  # noqa: S608 - names of our own models
    with connection.cursor() as cursor:
        while part := list(islice(wanted, _MAX_VALUES)):
            if connection.vendor == "postgresql":
                cursor.execute(f"{query} = ANY(%s::{_type(field)}[]){rest}", [part])
            else:
                cursor.execute(f"{query} IN ({', '.join(['%s'] * len(part))}){rest}", part)
            yield from cursor.fetchall()


@transaction.atomic(savepoint=False)
def insert_rows(rows: Iterable[_Row]) -> list[_Row]:
    """Write new rows and give them their keys; return them. One statement for the keys and one for the rows.

    A row that points to another which was given its key meanwhile points to that key. Fields that write what was not
    assigned to them (`auto_now`, files) are not for this.
    """
    made = list(rows)
    if not made:
        return made
    model, meta = type(made[0]), _meta(made[0])
    give_keys(made)
    _write(model, list(meta.concrete_fields), [_held(field, made) for field in meta.concrete_fields])
    alias = connection.alias
    for row in made:
        row._state.adding, row._state.db = False, alias  # noqa: SLF001 - as Django marks what it wrote
    return made


def give_keys(rows: Iterable[models.Model]) -> None:
    """Give new rows their keys before they are written, so that others can be tied to them; within one transaction."""
    made = list(rows)
    if not made:
        return
    meta = _meta(made[0])
    bare = [row for row in made if row.__dict__[meta.pk.attname] is None]
    for row, key in zip(bare, _reserved_keys(meta, len(bare)), strict=True):
        row.__dict__[meta.pk.attname] = key


def insert_values(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows of values in the order of `columns` (names of columns, `person_id`); the others have their defaults.

    For rows that nobody looks at afterwards: no instance is made, and no key is told.
    """
    held: list[Sequence[Any]] = list(zip(*rows, strict=True))
    if not held:
        return
    meta = _meta(model)
    by_name = {field.attname: field for field in meta.concrete_fields}
    fields = [by_name.pop(name) for name in columns]
    fixed, drawn = _defaults(model)
    draws = dict(drawn)
    for name, field in by_name.items():
        if not field.primary_key:
            fields.append(field)
            draw = draws.get(name)
            held.append([draw() for _ in held[0]] if draw else [fixed[name]] * len(held[0]))
    with transaction.atomic(savepoint=False):
        _write(model, fields, held)


@transaction.atomic(savepoint=False)
def write_columns(rows: Collection[models.Model], columns: Sequence[str]) -> None:
    """Write `columns` (names of fields) of rows that are on file; one that was deleted meanwhile stays deleted."""
    changed = list(rows)
    if not changed:
        return
    meta = _meta(changed[0])
    fields = [*(meta.get_field(name) for name in columns), meta.pk]
    cells: list[Any] = [_prepared(field, _held(field, changed)) for field in fields]
    table, key = _quoted(meta.db_table), _quoted(meta.pk.column)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            names = [_quoted(field.column) for field in fields]
            arrays = ", ".join(f"%s::{_type(field)}[]" for field in fields)
            new = ", ".join(f"{name} = new.{name}" for name in names[:-1])
            cursor.execute(
                f"UPDATE {table} SET {new} FROM unnest({arrays}) AS new({', '.join(names)}) "  # noqa: S608 - names of our own models
                f"WHERE {table}.{key} = new.{key}",
                cells,
            )
            return
        new = ", ".join(f"{_quoted(field.column)} = %s" for field in fields[:-1])
        cursor.executemany(f"UPDATE {table} SET {new} WHERE {key} = %s", list(zip(*cells, strict=True)))  # noqa: S608


def _meta(model: Any) -> Any:
    return model._meta  # noqa: SLF001 - Django's documented Meta API


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _type(field: Any) -> str:
    kind: str = field.rel_db_type(connection) if field.primary_key else field.db_type(connection)
    return (
        "text" if kind.startswith("varchar") else kind
    )  # a cast to varchar(n) would cut; the column refuses


def _reserved_keys(meta: Any, n: int) -> list[int]:
    """Take the next `n` keys of a table, so that its rows can be tied together before they are written.

    On SQLite the caller's transaction keeps every other writer out; on PostgreSQL the sequence gives each key once.
    """
    if not n:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [_quoted(meta.db_table), meta.pk.column, n],
            )
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [meta.db_table])
        last = (cursor.fetchone() or [0])[0]
    return list(range(last + 1, last + 1 + n))


def _held(field: Any, rows: Sequence[models.Model]) -> list[Any]:
    name = field.attname
    held = [row.__dict__[name] for row in rows]
    if field.is_relation and None in held:  # the other row may have been given its key after it was tied
        tied = [vars(row._state).get("fields_cache", _NOTHING).get(field.name) for row in rows]  # noqa: SLF001
        if any(tied):
            held = [
                other.pk if key is None and other is not None else key
                for key, other in zip(held, tied, strict=True)
            ]
    return held


_NOTHING: Mapping[str, Any] = {}


# Values of these types go to the database as they are.
_AS_THEY_ARE: dict[str, set[type]] = {
    "BigIntegerField": {int},
    "PositiveIntegerField": {int},
    "PositiveSmallIntegerField": {int},
    "BooleanField": {bool},
    "FloatField": {float},
    "CharField": {str},
    "TextField": {str},
    "BinaryField": {bytes},
}


def _prepared(field: Any, values: Sequence[Any]) -> Sequence[Any]:
    """Return the values as the database takes them; values that come again and again are prepared once."""
    kind = (
        (field.target_field if field.is_relation else field)
        .get_internal_type()
        .replace("BigAuto", "BigInteger")
    )
    if set(map(type, values)) <= _AS_THEY_ARE.get(kind, set()) | {type(None)}:
        return values
    database = connections[connection.alias]  # the thread's own, not looked up for every value

    def prepare(value: Any) -> Any:
        made = field.get_db_prep_save(value, connection=database)
        return (
            str(made) if isinstance(made, str) and type(made) is not str else made
        )  # a word of an enumeration

    if (
        kind == "JSONField" and field.encoder is None
    ):  # the same text as Django's, without its adapter for each
        return [None if value is None else json.dumps(value) for value in values]
    if kind in {"JSONField", "BinaryField"}:
        return [prepare(value) for value in values]
    known = {value: prepare(value) for value in set(values)}
    return [known[value] for value in values]


def _write(model: type[models.Model], fields: Sequence[Any], held: Sequence[Sequence[Any]]) -> None:
    table = _quoted(_meta(model).db_table)
    cells = [_prepared(field, values) for field, values in zip(fields, held, strict=True)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            names = ", ".join(_quoted(field.column) for field in fields)
            _copy(cursor, f"COPY {table} ({names}) FROM STDIN", zip(*cells, strict=True))
            return
        _insert(cursor, table, [field.column for field in fields], cells)


def _insert(
    cursor: CursorWrapper, table: str, columns: Sequence[str], cells: Sequence[Sequence[Any]]
) -> None:
    """Insert by prepared statements of 50 rows; a column that is the same in all rows is bound once a statement.

    Together that is a sixth of the cost of a statement for each row: SQLite keeps its count of keys, and Python binds
    every cell, at each statement.
    """
    same = [values.count(values[0]) == len(values) for values in map(list, cells)]
    fixed = [values[0] for values, is_same in zip(cells, same, strict=True) if is_same]
    varied = [values for values, is_same in zip(cells, same, strict=True) if not is_same]
    width, n = len(varied), len(cells[0])
    flat = list(chain.from_iterable(zip(*varied, strict=True)))
    start = f"INSERT INTO {table} ({', '.join(map(_quoted, columns))}) VALUES "  # noqa: S608 - names of our own models
    whole = n - n % _ROWS_A_STATEMENT
    for first, last, size in ((0, whole, _ROWS_A_STATEMENT), (whole, n, 1)):
        if first < last:
            groups = [[*fixed, *flat[k * width : (k + size) * width]] for k in range(first, last, size)]
            cursor.executemany(start + _marks(same, len(fixed), size), groups)


def _marks(same: Sequence[bool], n_fixed: int, size: int) -> str:
    """Return `(?1, ?3, ?2), (?1, ?4, ?2), ...`: the cells that are the same in all rows come first, and once."""
    rest = count(n_fixed + 1)
    rows = []
    for _ in range(size):
        first = count(1)
        rows.append(f"({', '.join(f'?{next(first if is_same else rest)}' for is_same in same)})")
    return ", ".join(rows)


def _copy(cursor: CursorWrapper, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    with connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
