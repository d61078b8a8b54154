"""How fast is a pass? Full, repeated, for 100 touched subjects, and as the number of subjects grows.

    python benchmarks/loop.py [--sizes 10000,100000,1000000] [--duties 10]

Makes and drops a test database of its own beside that of LIANFANG_DATABASE_URL for every size. The
subjects are screenings; ten synthetic duties stand over them, each owed for 70 % of the subjects and met for half of
those, answerable by jurisdiction as real duties are. The lower bound, in the same run, is reading the owed query to
its end without writing anything: a pass cannot be faster than that. Prints a table in Markdown.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.project.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - Django must be set up first
from tests.world import NOON, World, a_person, build_world  # noqa: E402

from lianfang.cases.models import Screening  # noqa: E402
from lianfang.common.fields import later  # noqa: E402
from lianfang.loop.duty import Duty, answerable, owing  # noqa: E402
from lianfang.loop.models import Task  # noqa: E402
from lianfang.loop.reconcile import claim, reconcile, release  # noqa: E402
from lianfang.loop.touch import touch  # noqa: E402

N_TOUCHED = 100


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


def fill(world: World, n: int) -> None:
    """Write `n` screenings: 70 % with fever, half of those looked at."""
    person = a_person(world)
    places = [world.places[code] for code in ("420106001001", "420106002", "420107001", "420106001")]

    def rows() -> Iterator[Screening]:
        for k in range(n):
            place = places[k % len(places)]
            read_at = NOON - timedelta(minutes=k % 2880)
            yield Screening(
                person=person,
                place=place,
                path=place.path,
                read_at=read_at,
                recorded_at=read_at,
                temperature=38.0 if k % 10 < 7 else 36.5,
                looked_at=read_at + timedelta(hours=1) if k % 20 < 7 else None,
            )

    batch: list[Screening] = []
    for row in rows():
        batch.append(row)
        if len(batch) == 20_000:
            Screening.objects.bulk_create(batch, batch_size=2000)
            batch.clear()
    Screening.objects.bulk_create(batch, batch_size=2000)
    analyze()


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def seconds(act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def read_owed(duty: Duty) -> None:
    """The lower bound: the database works out every row of the owed query, and nothing is kept."""
    sql, params = duty.owed(Screening.objects.all(), NOON).query.sql_with_params()
    columns = [f"c{n}" for n in range(9)]
    wanted = ", ".join(f"COUNT({name})" for name in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT {wanted} FROM ({sql}) o ({', '.join(columns)})", params)
        else:
            cursor.execute(f"WITH o ({', '.join(columns)}) AS ({sql}) SELECT {wanted} FROM o", params)
        cursor.fetchall()


@dataclass
class Measured:
    """Seconds of one size; all duties together, but for the touched pass, which is of one."""

    n: int
    n_tasks: int
    read: float
    first: float
    again: float
    changed: float
    touched: float


def measure(n: int, duties: list[Duty]) -> Measured:
    fill(build_world(), n)
    read = sum(seconds(lambda duty=duty: read_owed(duty)) for duty in duties)
    first = sum(seconds(lambda duty=duty: reconcile(duty, at=NOON)) for duty in duties)
    analyze()
    again = sum(seconds(lambda duty=duty: reconcile(duty, at=NOON)) for duty in duties)
    Screening.objects.filter(pk__lte=n // 10, looked_at=None, temperature__gte=37.3).update(looked_at=NOON)
    changed = sum(seconds(lambda duty=duty: reconcile(duty, at=NOON + timedelta(hours=1))) for duty in duties)
    touched = statistics.median(touch_and_pass(duties[k % len(duties)], k) for k in range(15))
    return Measured(n, Task.objects.count(), read, first, again, changed, touched)


def touch_and_pass(duty: Duty, k: int) -> float:
    """Return the seconds of one incremental pass for 100 subjects that all changed, with claim and release."""
    with transaction.atomic():
        rows = Screening.objects.filter(temperature__gte=37.3).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[k * N_TOUCHED : (k + 1) * N_TOUCHED])
        Screening.objects.filter(pk__in=ids).update(looked_at=NOON + timedelta(minutes=k + 1))
        touch(Screening, ids, at=NOON)
    begun = time.perf_counter()
    claimed = claim(20_000)
    written = reconcile(duty, at=NOON + timedelta(hours=2), subjects=[claimed.ids("cases.Screening")]).written
    release()
    if written != N_TOUCHED:
        raise AssertionError(f"{written} tasks written, {N_TOUCHED} expected")
    return time.perf_counter() - begun


def table(rows: list[Measured], n_duties: int) -> str:
    lines = [
        f"| subjects x {n_duties} duties | tasks | read owed (bound) | first pass | ratio | again, nothing changed | ratio "
        f"| again, 5 % changed | {N_TOUCHED} touched, one duty |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.n:,} | {row.n_tasks:,} | {row.read:.2f} s | {row.first:.2f} s | {row.first / row.read:.1f} "
        f"| {row.again:.2f} s | {row.again / row.read:.1f} | {row.changed:.2f} s | {1000 * row.touched:.1f} ms |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--duties", type=int, default=10)
    given = parser.parse_args()
    duties = [synthetic(n) for n in range(given.duties)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":  # a file, as on a site, and not in memory as in tests
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "benchmark.sqlite3")
        for size in (int(text) for text in given.sizes.split(",")):
            connection.creation.create_test_db(verbosity=0, autoclobber=True)
            rows.append(measure(size, duties))
            print(f"{connection.vendor}: {rows[-1]}", file=sys.stderr, flush=True)
            connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    print(f"\n{connection.vendor}\n\n{table(rows, given.duties)}")


if __name__ == "__main__":
    main()
