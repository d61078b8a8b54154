"""A pass of the loop: first, repeated, partly changed, for 100 touched subjects, from 10,000 to 1,000,000 subjects.

The subjects are screenings; ten synthetic duties stand over them, each owed for 70 % of the subjects and met for half
of those, answerable by jurisdiction, in a province of 1,200 townships. Two lower bounds stand in the same run: reading the owed
query to its end without writing anything, and a bare INSERT ... SELECT of it into an empty table with the same unique
key, which is the least that any engine must do to have the tasks on file at all; it compares and logs nothing.
"""

import statistics
from collections.abc import Iterator
from datetime import timedelta

from measuring import Table, Taken, analyze, clock, fresh_database, load, set_up_django

set_up_django()

from django.db import connection, transaction  # noqa: E402 - Django must be set up first

from ground import AT as NOON  # noqa: E402
from ground import Ground, lay_ground, load_people  # noqa: E402
from lianfang.cases.models import Screening  # noqa: E402
from lianfang.common.fields import later  # noqa: E402
from lianfang.loop.duty import COLUMNS, Duty, answerable, owing  # noqa: E402
from lianfang.loop.models import Task  # noqa: E402
from lianfang.loop.reconcile import claim, reconcile, release  # noqa: E402
from lianfang.loop.touch import touch  # noqa: E402

SIZES, N_DUTIES = (10_000, 100_000, 1_000_000), 10
N_TOUCHED, TOUCHED_TURNS = 100, 30


def synthetic(number: int) -> Duty:
    """A duty over screenings: owed where the temperature is 37.3 or more, met by a look."""

    class Synthetic(Duty):
        """Every person with fever is looked at within two hours."""

        code = f"benchmark.duty_{number}"
        subject = Screening
        capability = "screen"
        title = "benchmark"

        def owed(self, among, at):
            return owing(
                among.filter(temperature__gte=37.3),
                by=answerable(self.capability),
                since="read_at",
                due=later("read_at", hours=2 + number),
                met="looked_at",
            )

    return Synthetic()


def fill(ground: Ground, n: int) -> None:
    """Write `n` screenings: 70 % with fever, half of those looked at."""
    load_people(ground, 1)
    columns = ("person_id", "place_id", "path", "read_at", "recorded_at", "temperature", "signs", "looked_at", "conclusion")  # fmt: skip
    noon, drawn = int(NOON.timestamp()), ground.drawn(n, 5)
    places = [(place.pk, place.path) for place in ground.townships]

    def rows() -> Iterator[tuple]:
        for k in range(n):
            read_at, warm = noon - 60 * (k % 2880), 38.0 if k % 10 < 7 else 36.5
            yield (
                1,
                *places[drawn[k]],
                read_at,
                read_at,
                warm,
                "[]",
                read_at + 3600 if k % 20 < 7 else None,
                "",
            )

    load(Screening, columns, rows())
    analyze()


def owed_sql(duty: Duty):
    return duty.owed(Screening.objects.all(), NOON).query.sql_with_params()


def read_owed(duty: Duty) -> None:
    """The database works out every row of the owed query, and nothing is kept."""
    sql, params = owed_sql(duty)
    wanted = ", ".join(f"COUNT({name})" for name in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH o ({', '.join(COLUMNS)}) AS MATERIALIZED ({sql}) SELECT {wanted} FROM o", params
        )
        cursor.fetchall()


BARE = """
CREATE TABLE bare (id {serial}, duty varchar(60) NOT NULL, subject_id bigint NOT NULL, occasion varchar(40) NOT NULL,
    unit_id bigint, path varchar(200), since_at bigint, due_at bigint, met_at bigint, risk smallint, again_at bigint,
    UNIQUE (duty, subject_id, occasion))
"""


def insert_bare(duty: Duty) -> None:
    sql, params = owed_sql(duty)
    kept = ", ".join(COLUMNS[:-1])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO bare ({kept}, again_at, duty) WITH o ({', '.join(COLUMNS)}) AS ({sql}) "
            f"SELECT {kept}, CAST(again_at AS bigint), %s FROM o WHERE true ON CONFLICT DO NOTHING",
            (*params, duty.code),
        )


def measure(quick: bool) -> None:
    duties = [synthetic(n) for n in range(N_DUTIES)]
    table = Table(
        f"{connection.vendor}: passes of {N_DUTIES} duties",
        "subjects", "what", "s", "CPU s", "CPU µs a subject and duty", "CPU to bare insert",
    )  # fmt: skip
    for size in SIZES[:1] if quick else SIZES:
        with fresh_database():
            measure_size(size, duties, table)


def measure_size(n: int, duties: list[Duty], table: Table) -> None:
    fill(lay_ground(), n)
    bound = None

    def said(what, taken, per=None):
        per = per or n * len(duties)
        table.row(n, what, taken.wall, taken.cpu, 1e6 * taken.cpu / per, taken.cpu / bound if bound else None)

    with clock() as taken:
        for duty in duties:
            read_owed(duty)
    said("owed query read to its end (bound)", taken)
    serial = (
        "bigserial PRIMARY KEY" if connection.vendor == "postgresql" else "integer PRIMARY KEY AUTOINCREMENT"
    )
    with connection.cursor() as cursor:
        cursor.execute(BARE.format(serial=serial))
    with clock() as taken:
        for duty in duties:
            insert_bare(duty)
    bound = taken.cpu
    said("bare INSERT ... SELECT (bound)", taken)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bare")

    passes = {"first pass": NOON, "again, nothing changed": NOON + timedelta(minutes=1)}
    for what, at in passes.items():
        with clock() as taken:
            written = sum(reconcile(duty, at=at).written for duty in duties)
        said(f"{what} ({written:,} tasks written)", taken)
        analyze()
    Screening.objects.filter(pk__lte=n // 10, looked_at=None, temperature__gte=37.3).update(looked_at=NOON)
    with clock() as taken:
        written = sum(reconcile(duty, at=NOON + timedelta(hours=1)).written for duty in duties)
    said(f"again, changed facts ({written:,} tasks written)", taken)
    turns = [touch_and_pass(duties[k % len(duties)], k) for k in range(TOUCHED_TURNS)]
    middle, worst = statistics.median(turn.wall for turn in turns), max(turn.wall for turn in turns)
    cpu = statistics.median(turn.cpu for turn in turns)
    table.row(n, f"{N_TOUCHED} touched subjects, one duty: median {1000 * middle:.1f} ms, worst {1000 * worst:.1f} ms",
              middle, cpu, 1e6 * cpu / N_TOUCHED, None)  # fmt: skip
    assert Task.objects.count() == len(duties) * (n * 7 // 10)


def touch_and_pass(duty: Duty, k: int) -> Taken:
    """Measure one incremental pass for 100 subjects that all changed, with claim and release."""
    with transaction.atomic():
        rows = Screening.objects.filter(temperature__gte=37.3, looked_at__isnull=True).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:N_TOUCHED])
        Screening.objects.filter(pk__in=ids).update(looked_at=NOON + timedelta(minutes=k + 1))
        touch(Screening, ids, at=NOON)
    with clock() as taken:
        claimed = claim(20_000, at=NOON + timedelta(hours=2))
        written = reconcile(
            duty, at=NOON + timedelta(hours=2), subjects=[claimed.ids("cases.Screening")]
        ).written
        release()
    if written != N_TOUCHED:
        raise AssertionError(f"{written} tasks written, {N_TOUCHED} expected")
    return taken
