"""The pass.

A pass is a constant number of statements, whatever the number of subjects: the owed query is copied once into a scratch
table, compared once with the tasks on file, and the difference is written and logged. Full, for some subjects, or
short - the last days of daily duties - it is the same function with the same result.

Two rules that look like details and are not: one pass per duty at a time (else a pass that computed on facts which
changed before it wrote leaves wrong tasks behind), and a task is withdrawn only because facts changed, never because
time passed (that is up to the duties, and the conformance tests hold every one of them to it).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from lianfang.core.registry.calendar import from_day
from lianfang.loop.clocks import verification_hours
from lianfang.loop.duty import COLUMNS, Check, Duty, Evidence
from lianfang.loop.errors import NoRootUnit
from lianfang.loop.models import Pass, VerificationKind, Word
from lianfang.loop.reconcile import statements as sql
from lianfang.loop.reconcile.setwise import clear_scratch, drawn_sql

# Subjects of one transaction in a full pass: keeps the write lock of SQLite short. Measured: larger gains nothing.
CHUNK = 200_000
# Above this many rows PostgreSQL plans better with statistics than with its guess about a fresh table.
_ANALYZE_ABOVE = 2000
_KINDS = {Check.BY_SECOND_UNIT: VerificationKind.SECOND_UNIT, Check.BY_SAMPLE: VerificationKind.SAMPLE}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a pass did, in the words of the transitions."""

    duty: str
    opened: int = 0
    changed: int = 0
    met: int = 0
    reopened: int = 0
    withdrawn: int = 0

    @property
    def written(self) -> int:
        """How many tasks were written; 0 means that nothing had changed."""
        return self.opened + self.changed + self.met + self.reopened + self.withdrawn

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            duty=self.duty,
            opened=self.opened + other.opened,
            changed=self.changed + other.changed,
            met=self.met + other.met,
            reopened=self.reopened + other.reopened,
            withdrawn=self.withdrawn + other.withdrawn,
        )


@dataclass(frozen=True)
class _Scope:
    """What one pass looks at: an unbroken range of ids, or the ids in the scratch table; all days, or those from one on."""

    low: int | None = None
    high: int | None = None
    first_day: date | None = None

    @property
    def ranged(self) -> bool:
        return self.low is not None

    @property
    def full(self) -> bool:
        return self.ranged and self.first_day is None

    @property
    def condition(self) -> str:
        """What the tasks within the scope fulfil."""
        among = sql.IN_RANGE if self.ranged else sql.AMONG
        return among if self.first_day is None else f"{among} AND {sql.FROM_DAY}"

    def owed(self, duty: Duty, at: datetime) -> QuerySet[Any]:
        rows = duty.owed(self.among(duty), at)
        return rows if self.first_day is None else from_day(rows, self.first_day)

    def among(self, duty: Duty) -> QuerySet[Any]:
        rows = duty.subject._default_manager.all()  # noqa: SLF001 - Django's documented Meta API
        if self.ranged:
            return rows.filter(pk__range=(self.low, self.high))
        return rows.filter(pk__in=RawSQL("SELECT subject_id FROM loop_among", ()))


# Ids, or queries of one column of ids.
Subjects = QuerySet[Any] | Sequence[Any]


def reconcile(
    duty: Duty, *, at: datetime, subjects: Subjects | None = None, first_day: date | None = None
) -> Outcome:
    """Bring the tasks of `duty` in line with what is owed at `at`; for all subjects, or for those whose ids are given.

    `subjects` is a query of one column, or a sequence of ids and such queries. Subjects that no longer exist lose
    their tasks. With `first_day` the pass is short: of a daily duty it looks at the days from there on alone, which is
    all that time can have added since a full pass on the day before.
    """
    if subjects is not None:
        return _one_pass(duty, at, _Scope(), [subjects] if isinstance(subjects, QuerySet) else subjects)
    total, first_day = Outcome(duty=duty.code), first_day if duty.daily else None
    low, high = _ends(duty)
    if low is None or high is None:  # nobody of whom anything could be owed, nor a task to withdraw
        if first_day is None:
            _record(total, at, full=True)
        return total
    for start in range(low, high + 1, CHUNK):
        total += _one_pass(duty, at, _Scope(start, min(start + CHUNK - 1, high), first_day), ())
    return total


def _ends(duty: Duty) -> tuple[int | None, int | None]:
    """Return the lowest and the highest id among the subjects of a duty and those of its tasks."""
    meta = duty.subject._meta  # noqa: SLF001 - Django's documented Meta API
    key = meta.pk.column if meta.pk is not None else "id"
    with connection.cursor() as cursor:
        cursor.execute(sql.ENDS.format(table=meta.db_table, key=key), {"duty": duty.code})
        ends = cursor.fetchone()
    given = [end for end in ends if end is not None]
    return min(given, default=None), max(given, default=None)


def _one_pass(duty: Duty, at: datetime, scope: _Scope, subjects: Sequence[Any]) -> Outcome:
    started = time.perf_counter()
    values = {
        "duty": duty.code,
        "at": int(at.timestamp()),
        "low": scope.low,
        "high": scope.high,
        "first_day": str(scope.first_day),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        take_turn(duty.code)
        _prepare(cursor)
        if not scope.ranged and not _gather(cursor, subjects):
            return Outcome(
                duty=duty.code
            )  # most touched facts concern few duties: do not even write the query
        _collect_owed(cursor, duty, at, scope, values)
        _compare(cursor, scope, values)
        cursor.execute(sql.COUNT)
        outcome = Outcome(duty=duty.code, **{str(Word(word)): int(n) for word, n in cursor.fetchall()})
        if not (outcome.written or scope.full):
            return outcome  # nothing to tell: thousands of idle passes a day would bury the ones that did something
        run = _record(outcome, at, full=scope.full)
        if outcome.written:
            _write(cursor, duty, at, values | {"run": run.pk})
        Pass.objects.filter(pk=run.pk).update(seconds=time.perf_counter() - started)
    return outcome


def take_turn(code: str) -> None:
    """Wait until no other transaction works on the tasks of this duty; the lock ends with the transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"lianfang.loop:{code}"])
    # On SQLite every transaction begins IMMEDIATE: whoever is here is alone.


def _prepare(cursor: Any) -> None:
    clear_scratch(cursor, sql.SCRATCH, sql.TABLES)
    if connection.vendor == "postgresql":  # a chunk's join fits; the default of 4 MB spills to disk
        cursor.execute("SET LOCAL work_mem = '64MB'")


def _gather(cursor: Any, subjects: Sequence[Any]) -> int:
    """Note the subjects once, and return how many: asked twice, a query could give two answers while others write."""
    queries = [given for given in subjects if isinstance(given, QuerySet | RawSQL)]
    ids = [(int(given),) for given in subjects if not isinstance(given, QuerySet | RawSQL)]
    for query in queries:
        text, params = (
            (query.sql, query.params)
            if isinstance(query, RawSQL)
            else query.order_by().query.sql_with_params()
        )
        cursor.execute(
            f"INSERT INTO loop_among SELECT picked.* FROM ({text}) picked WHERE true ON CONFLICT DO NOTHING",  # noqa: S608
            params,
        )
    if ids:
        cursor.executemany("INSERT INTO loop_among VALUES (%s) ON CONFLICT DO NOTHING", ids)
    cursor.execute("SELECT COUNT(*) FROM loop_among")
    n_rows = int(cursor.fetchone()[0])
    if n_rows > _ANALYZE_ABOVE and connection.vendor == "postgresql":
        cursor.execute("ANALYZE loop_among")
    return n_rows


def _collect_owed(cursor: Any, duty: Duty, at: datetime, scope: _Scope, values: dict[str, Any]) -> None:
    text, params = scope.owed(duty, at).query.sql_with_params()
    cursor.execute(f"INSERT INTO loop_owed ({', '.join(COLUMNS)}) {text}", params)
    _analyze(cursor, "loop_owed", cursor.rowcount)
    if duty.evidence is Evidence.CLICK:
        cursor.execute(sql.ADD_WORD_OF_MOUTH, values)


def _compare(cursor: Any, scope: _Scope, values: dict[str, Any]) -> None:
    differs = "IS NOT" if connection.vendor == "sqlite" else "IS DISTINCT FROM"
    compare = sql.COMPARE.format(differs=differs, new_id=sql.NEW_ID[connection.vendor])
    cursor.execute(compare, values | {"root": _root_unit(cursor)})
    n_owed = cursor.rowcount
    cursor.execute(sql.NO_LONGER_OWED.format(scope=scope.condition), values)
    _analyze(cursor, "loop_change", n_owed + cursor.rowcount)


def _analyze(cursor: Any, table: str, n_rows: int) -> None:
    if connection.vendor == "postgresql" and n_rows > _ANALYZE_ABOVE:
        cursor.execute(f"ANALYZE {table}")


def _root_unit(cursor: Any) -> int:
    cursor.execute(sql.ROOT_UNIT)
    root = cursor.fetchone()
    if root is None:
        raise NoRootUnit
    return int(root[0])


def _record(outcome: Outcome, at: datetime, *, full: bool) -> Pass:
    return Pass.objects.create(
        duty=outcome.duty,
        full=full,
        at=at,
        opened=outcome.opened,
        changed=outcome.changed,
        met=outcome.met,
        reopened=outcome.reopened,
        withdrawn=outcome.withdrawn,
    )


def _write(cursor: Any, duty: Duty, at: datetime, values: dict[str, Any]) -> None:
    cursor.execute(sql.OPEN_NEW, values)
    cursor.execute(sql.CHANGE_OLD)
    cursor.execute(sql.LOG, values)
    if duty.check in _KINDS:
        _draw(cursor, duty, at, values)


def _draw(cursor: Any, duty: Duty, at: datetime, values: dict[str, Any]) -> None:
    """Choose the doings that are looked at: all of them, or a share that nobody can foresee."""
    percent = duty.sample_percent if duty.check is Check.BY_SAMPLE else 100
    chosen = drawn_sql("d.task_id", "d.met_at", percent=percent, purpose=f"verify:{duty.code}")
    due = values["at"] + int(3600 * verification_hours(at))
    named = values | {"kind": str(_KINDS[duty.check]), "check_due": due}
    cursor.execute(sql.DRAW.format(chosen=chosen), named)
    cursor.execute(sql.TOUCH_VERIFICATIONS, values)
