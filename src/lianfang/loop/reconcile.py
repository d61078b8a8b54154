"""One pass of one duty: compare what is owed with the tasks that exist, and write the difference.

The only raw SQL of the code base stands here. A pass is a constant number of statements, whatever the number of
subjects: the owed query is copied once into a scratch table, then tasks are inserted or updated from it, then open or
done tasks that are no longer owed are withdrawn, then the transitions of this pass are logged. Full or for some
subjects it is the same function with the same result. Called by the worker and by tests; knows no domain app.

Two rules that look like details and are not: one pass per duty at a time (else a pass that computed on facts which
changed before it wrote leaves wrong tasks behind), and a task is withdrawn only because facts changed, never because
time passed (that is up to the duties, and the conformance tests hold every one of them to it).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min, QuerySet

from lianfang.core.registry.models import Unit
from lianfang.loop.duty import COLUMNS, Duty, Evidence
from lianfang.loop.errors import NoRootUnit
from lianfang.loop.models import Pass, Task, Transition, Word

# Subjects of one transaction in a full pass: keeps the write lock of SQLite short. Measured: larger gains nothing.
CHUNK = 200_000


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


def reconcile(duty: Duty, *, at: datetime, subjects: QuerySet[Any] | Sequence[int] | None = None) -> Outcome:
    """Bring the tasks of `duty` in line with what is owed at `at`; for all subjects, or for those whose ids are given."""
    if subjects is not None:
        return _one_pass(duty, at=at, only=("pk__in", subjects), full=False)
    ends = duty.subject._default_manager.aggregate(low=Min("pk"), high=Max("pk"))  # noqa: SLF001
    tasks = Task.objects.filter(duty=duty.code).aggregate(low=Min("subject_id"), high=Max("subject_id"))
    low = min((end["low"] for end in (ends, tasks) if end["low"] is not None), default=0)
    high = max((end["high"] for end in (ends, tasks) if end["high"] is not None), default=-1)
    total = Outcome(duty=duty.code)
    for start in range(low, high + 1, CHUNK):
        total += _one_pass(duty, at=at, only=("pk__range", (start, start + CHUNK - 1)), full=True)
    return total


def _one_pass(duty: Duty, *, at: datetime, only: tuple[str, Any], full: bool) -> Outcome:
    started = time.perf_counter()
    with transaction.atomic():
        _take_turn(duty.code)
        run = Pass.objects.create(duty=duty.code, full=full, at=at)
        _collect_owed(duty, at, only)
        _write_owed(duty, at, run)
        _withdraw(duty, at, run, only)
        outcome = _log(duty, at, run)
        if outcome.written or full:
            for word in ("opened", "changed", "met", "reopened", "withdrawn"):
                setattr(run, word, getattr(outcome, word))
            run.seconds = time.perf_counter() - started
            run.save()
        else:  # nothing to tell: thousands of idle passes a day would bury the ones that did something
            run.delete()
    return outcome


def _take_turn(code: str) -> None:
    """Wait until no other pass of this duty runs; the lock ends with the transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"lianfang.loop:{code}"])
    # On SQLite every transaction begins IMMEDIATE: whoever is here is alone.


_SCRATCH = """
CREATE TEMPORARY TABLE IF NOT EXISTS loop_owed (
    subject_id bigint NOT NULL, occasion varchar(40) NOT NULL, unit_id bigint, path varchar(200) NOT NULL,
    since_at bigint NOT NULL, due_at bigint NOT NULL, met_at bigint, risk smallint NOT NULL,
    PRIMARY KEY (subject_id, occasion)
)
"""


def _collect_owed(duty: Duty, at: datetime, only: tuple[str, Any]) -> None:
    """Copy what is owed into the scratch table of this connection, completed by the unit that answers in a gap."""
    among = duty.subject._default_manager.filter(**{only[0]: only[1]})  # noqa: SLF001
    sql, params = duty.owed(among, at).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_SCRATCH)
        cursor.execute("DELETE FROM loop_owed")
        cursor.execute(f"INSERT INTO loop_owed ({', '.join(COLUMNS)}) {sql}", params)
        cursor.execute("UPDATE loop_owed SET unit_id = %s WHERE unit_id IS NULL", [_root_unit()])
        if duty.evidence is Evidence.CLICK:
            cursor.execute(_ADD_WORD_OF_MOUTH, [duty.code])
        cursor.execute(_DROP_REJECTED, [duty.code])


def _root_unit() -> int:
    root = (
        Unit.objects.open()
        .filter(parent__isnull=True)
        .order_by("path", "pk")
        .values_list("pk", flat=True)
        .first()
    )
    if root is None:
        raise NoRootUnit
    return int(root)


# A completion counts as evidence where the duty accepts a person's word and no record says more.
_ADD_WORD_OF_MOUTH = """
UPDATE loop_owed SET met_at = (
    SELECT MIN(c.done_at) FROM loop_completion c JOIN loop_task t ON t.id = c.task_id
    WHERE t.duty = %s AND t.subject_id = loop_owed.subject_id AND t.occasion = loop_owed.occasion
      AND c.withdrawn_at IS NULL AND (t.rejected_at IS NULL OR c.done_at > t.rejected_at)
) WHERE met_at IS NULL
"""

# Evidence that a verification rejected does not count; newer evidence does.
_DROP_REJECTED = """
UPDATE loop_owed SET met_at = NULL WHERE met_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM loop_task t WHERE t.duty = %s AND t.subject_id = loop_owed.subject_id
      AND t.occasion = loop_owed.occasion AND t.rejected_at >= loop_owed.met_at
)
"""

_WRITE = """
INSERT INTO loop_task
    (duty, subject_id, occasion, unit_id, path, since_at, due_at, met_at, risk, status, opened_at, closed_at,
     void_because, last_pass_id)
SELECT %(duty)s, o.subject_id, o.occasion, o.unit_id, o.path, o.since_at, o.due_at, o.met_at, o.risk,
       CASE WHEN o.met_at IS NULL THEN 'open' ELSE 'done' END, %(at)s,
       CASE WHEN o.met_at IS NULL THEN NULL ELSE %(at)s END, '', %(run)s
FROM loop_owed o
LEFT JOIN loop_task t ON t.duty = %(duty)s AND t.subject_id = o.subject_id AND t.occasion = o.occasion
WHERE t.id IS NULL OR t.status = 'void' OR t.unit_id <> o.unit_id OR t.path <> o.path OR t.since_at <> o.since_at
   OR t.due_at <> o.due_at OR t.risk <> o.risk OR t.met_at {differs} o.met_at
ON CONFLICT (duty, subject_id, occasion) DO UPDATE SET
    unit_id = excluded.unit_id, path = excluded.path, since_at = excluded.since_at, due_at = excluded.due_at,
    met_at = excluded.met_at, risk = excluded.risk,
    closed_at = CASE WHEN excluded.met_at IS NULL THEN NULL
                     WHEN loop_task.status = 'done' THEN loop_task.closed_at ELSE excluded.closed_at END,
    void_because = '', status = excluded.status, last_pass_id = excluded.last_pass_id
"""


def _write_owed(duty: Duty, at: datetime, run: Pass) -> None:
    differs = "IS NOT" if connection.vendor == "sqlite" else "IS DISTINCT FROM"
    named = {"duty": duty.code, "at": int(at.timestamp()), "run": run.pk}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE.format(differs=differs), named)


_WITHDRAW = """
UPDATE loop_task SET status = 'void', closed_at = %(at)s, last_pass_id = %(run)s, void_because = %(because)s
WHERE duty = %(duty)s AND status <> 'void' AND {scope} AND NOT EXISTS (
    SELECT 1 FROM loop_owed o WHERE o.subject_id = loop_task.subject_id AND o.occasion = loop_task.occasion
)
"""


def _withdraw(duty: Duty, at: datetime, run: Pass, only: tuple[str, Any]) -> None:
    scope = Task.objects.filter(**{only[0].replace("pk", "subject_id"): only[1]}).values("pk")
    sql, params = scope.query.sql_with_params()
    if only[0] == "pk__range":  # the common full pass: a plain range instead of a subquery
        condition, params = "subject_id BETWEEN %s AND %s", tuple(only[1])
    else:
        condition = f"id IN ({sql})"
    statement = _WITHDRAW.replace("{scope}", condition)
    for name in ("at", "run", "because", "duty"):
        statement = statement.replace(f"%({name})s", "%s", 1)
    values = [int(at.timestamp()), run.pk, "facts_changed", duty.code, *params]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


# The word of each task that this pass wrote, told from what the log said last.
_LOG = """
INSERT INTO loop_transition (task_id, word, at, unit_id, due_at, met_at, in_pass_id)
SELECT t.id,
       CASE WHEN t.status = 'void' THEN 'withdrawn'
            WHEN t.status = 'done' AND COALESCE(l.word, '') <> 'met' THEN 'met'
            WHEN l.word IS NULL THEN 'opened'
            WHEN l.word IN ('met', 'withdrawn') AND t.status = 'open' THEN 'reopened'
            ELSE 'changed' END,
       %s, t.unit_id, t.due_at, t.met_at, %s
FROM loop_task t
LEFT JOIN loop_transition l ON l.id = (SELECT MAX(x.id) FROM loop_transition x WHERE x.task_id = t.id AND x.word <> 'changed')
WHERE t.last_pass_id = %s
"""


def _log(duty: Duty, at: datetime, run: Pass) -> Outcome:
    with connection.cursor() as cursor:
        cursor.execute(_LOG, [int(at.timestamp()), run.pk, run.pk])
        cursor.execute(
            "SELECT word, COUNT(*) FROM loop_transition WHERE in_pass_id = %s GROUP BY word", [run.pk]
        )
        counts = {Word(word): int(n) for word, n in cursor.fetchall()}
    return Outcome(duty=duty.code, **{word.value: n for word, n in counts.items()})


__all__ = ["CHUNK", "Outcome", "Transition", "reconcile"]
