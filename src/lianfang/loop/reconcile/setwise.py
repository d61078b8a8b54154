"""Copying the result of a query into a table in one statement, and drawing a sample by hash, on both databases."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet, Value
from django.db.models.expressions import Combinable

# A Mersenne prime: products of two residues fit a 64-bit integer, and x -> x^5 is a permutation of the residues.
_PRIME = 2**31 - 1

# Bytes that a scratch table may hold before it is cut off instead of emptied row by row.
_LARGE = 512 * 1024


def clear_scratch(cursor: Any, made_by: Sequence[str], tables: Sequence[str]) -> None:
    """Make the scratch tables of this connection, or empty those that are there.

    PostgreSQL never vacuums a temporary table by itself, so that rows only deleted let it grow for as long as the
    worker lives; but to cut off three small ones takes some milliseconds, longer than most passes.
    """
    emptied = [f"DELETE FROM {table}" for table in tables]  # noqa: S608 - names of our own
    if connection.vendor != "postgresql":
        for statement in (*made_by, *emptied):
            cursor.execute(statement)
        return
    sizes = " + ".join(f"pg_relation_size('{table}')" for table in tables)
    cursor.execute("; ".join((*made_by, f"SELECT {sizes}")))
    while cursor.description is None:  # each statement has an answer, the last one rows
        cursor.nextset()
    is_large = int(cursor.fetchone()[0]) > _LARGE
    cursor.execute(f"TRUNCATE {', '.join(tables)}" if is_large else "; ".join(emptied))


def insert_select(model: type[models.Model], columns: Sequence[str], rows: QuerySet[Any]) -> int:
    """Insert `rows` (a `values_list` in the order of the fields `columns`) and return how many were new.

    A row that breaks a unique key is left out: repeating the statement changes nothing.
    """
    meta = model._meta  # noqa: SLF001 - Django's documented Meta API
    fields: list[Any] = [meta.get_field(name) for name in columns]
    names = ", ".join(f'"{field.column}"' for field in fields)
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(  # no user text: names are the model's own
            f'INSERT INTO "{meta.db_table}" ({names}) SELECT * FROM ({sql}) picked WHERE true ON CONFLICT DO NOTHING',  # noqa: S608
            params,
        )
        return int(cursor.rowcount)


def salt_of(purpose: str) -> tuple[int, int, int]:
    """Return three residues that depend on the site's secret, so that nobody can foresee who is drawn."""
    digest = hmac.new(settings.SECRET_KEY.encode(), purpose.encode(), hashlib.sha256).digest()
    first, second, third = (1 + int.from_bytes(digest[n : n + 8], "big") % (_PRIME - 1) for n in (0, 8, 16))
    return first, second, third


def drawn(number: str, moment: str, *, percent: int, purpose: str) -> Combinable:
    """Return an integer expression of the fields `number` and `moment` below `percent` for that share of the rows.

    Compare it as `annotate(_draw=drawn(...)).filter(_draw__lt=percent)`; the same row gives the same answer for ever.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"percent must be from 0 to 100. Got {percent}.")
    a, b, c = salt_of(purpose)
    start: Any = (
        (F(number) % Value(_PRIME)) * Value(a) + (F(moment) % Value(_PRIME)) * Value(b) + Value(c)
    ) % Value(_PRIME)
    return ExpressionWrapper(_fifth_power(start) % Value(100), output_field=BigIntegerField())


def _fifth_power(start: Any) -> Any:
    square = (start * start) % Value(_PRIME)
    return (((square * square) % Value(_PRIME)) * start) % Value(_PRIME)


def drawn_sql(number: str, moment: str, *, percent: int, purpose: str) -> str:
    """Return the same draw as a condition in SQL text, for statements of the engine."""
    a, b, c = salt_of(purpose)
    start = f"(({number} %% {_PRIME}) * {a} + ({moment} %% {_PRIME}) * {b} + {c}) %% {_PRIME}"
    square = f"(({start}) * ({start}) %% {_PRIME})"
    return f"((({square} * {square} %% {_PRIME}) * ({start}) %% {_PRIME}) %% 100 < {int(percent)})"
