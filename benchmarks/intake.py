"""Taking a line list in: rows per second into a large register, exports, the same file again, bulk edits.

    python benchmarks/intake.py                             # 100,000 rows into a base of 100,000 people
    python benchmarks/intake.py --base 10000 --rows 10000   # a quick look
    python benchmarks/intake.py --profile                   # where the time of accepting goes

Half of the rows tell of people on file, with the errors of clerks (see matching.py, which makes them with a seed).
LIANFANG_DATABASE_URL names an empty database; without it a temporary SQLite file is used.
"""

import argparse
import cProfile
import csv
import io
import os
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

if "LIANFANG_DATABASE_URL" not in os.environ:
    os.environ["LIANFANG_DATABASE_URL"] = f"sqlite:///{tempfile.mkdtemp()}/intake.sqlite3"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.project.settings")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from lianfang.cases.models import Case  # noqa: E402
from lianfang.core.access.actor import Actor  # noqa: E402
from lianfang.core.registry.calendar import lay_out_days  # noqa: E402
from lianfang.core.registry.jurisdiction import refresh_jurisdictions  # noqa: E402
from lianfang.core.registry.models import Capability, Level, Place, Unit, UnitCapability  # noqa: E402
from lianfang.intake.models import Batch, Source  # noqa: E402
from lianfang.intake.services import (  # noqa: E402
    accept_batch,
    confirm_mapping,
    dry_run,
    export_csv,
    propose_mapping,
    receive_file,
    undo_batch,
)
from matching import fill, make_arrivals, make_people  # noqa: E402

AT = datetime(2020, 2, 12, 10, tzinfo=UTC)
BY = Actor.system("benchmark")
HEADER = ["病例编号", "姓名", "性别", "出生日期", "联系电话", "身份证号", "地区编码", "发病日期", "报告日期", "病例分类", "发热", "咳嗽",
          "采样日期", "标本类型", "检测方法", "检测结果", "结果日期", "转归", "转归日期"]  # fmt: skip


def timed(what: str, rows: int, act: Callable[[], object]) -> object:
    started, working = time.perf_counter(), time.process_time()
    result = act()
    seconds, busy = time.perf_counter() - started, time.process_time() - working
    print(
        f"{what}: {seconds:.1f} s for {rows:,} rows, {rows / seconds:,.0f} rows/s ({rows / busy:,.0f} per CPU second)",
        flush=True,
    )
    return result


def a_place(code: str, level: int, parent: Place | None) -> Place:
    path = f"{parent.path if parent else ''}{code}."
    return Place.objects.create(code=code, name=code, level=level, parent=parent, path=path)


def lay_ground() -> tuple[Source, list[Place]]:
    call_command("migrate", verbosity=0)
    nation = a_place("CN", Level.NATION, None)
    province = a_place("42", Level.PROVINCE, nation)
    prefecture = a_place("4201", Level.PREFECTURE, province)
    counties = [a_place(f"4201{n:02d}", Level.COUNTY, prefecture) for n in range(1, 14)]
    unit = Unit.objects.create(code="cdc", name="cdc", kind="cdc", place=province, path=province.path)
    UnitCapability.objects.bulk_create(UnitCapability(unit=unit, capability=c) for c in Capability)
    lay_out_days(AT.date() - timedelta(days=60), AT.date() + timedelta(days=60))
    refresh_jurisdictions(at=AT)
    return Source.objects.create(code="file", name="file", unit=unit), counties


def line_list(people: list, counties: list[Place], seed: int) -> bytes:
    draw = np.random.default_rng(seed)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for n, person in enumerate(people):
        onset = AT.date() - timedelta(days=int(draw.integers(2, 40)))
        reported = onset + timedelta(days=int(draw.integers(0, 2)))
        is_case, ended = draw.random() < 0.6, draw.random() < 0.2
        writer.writerow(
            [f"B{n:06d}", person.name, {"male": "男", "female": "女"}.get(person.sex, ""), person.birth_date or "", person.phone,
             person.national_id, counties[int(draw.integers(len(counties)))].code, f"{onset:%Y年%m月%d日}", reported,
             "确诊病例" if is_case else "疑似病例", "是", "是" if draw.random() < 0.5 else "否", reported, "咽拭子", "核酸检测",
             "阳性" if is_case else "阴性", reported + timedelta(days=1), "治愈" if ended else "", AT.date() if ended else ""]
        )  # fmt: skip
    return out.getvalue().encode()


def take(content: bytes, source: Source, at: datetime, **options: object) -> Batch:
    batch = receive_file(content=content, name="benchmark.csv", source=source, by=BY, at=at).batch
    plan = propose_mapping(batch=batch, by=BY, at=at)
    confirm_mapping(
        batch=batch,
        columns=plan.columns,
        options={**plan.options, **options},
        by=BY,
        at=at,
        target=plan.target,
    )
    batch.refresh_from_db()
    return batch


def main(args: argparse.Namespace) -> None:
    source, counties = lay_ground()
    base = make_people(args.base, args.seed)
    timed("base registered", args.base, lambda: fill(base))
    people, _ = make_arrivals(base, args.rows, args.seed + 1, share_known=0.5)
    content = line_list(people, counties, args.seed + 2)
    said = {"defaults": {"disease": "covid_19"}}
    batch = timed("received, sealed and mapped", args.rows, lambda: take(content, source, AT, **said))
    assert isinstance(batch, Batch)
    if args.dry_run:
        report = timed("dry run", args.rows, lambda: dry_run(batch=batch, by=BY, at=AT))
        print(f"  {dict(report.words)}")
    profile = cProfile.Profile()
    if args.profile:
        profile.enable()
    report = timed("accepted, with matching", args.rows, lambda: accept_batch(batch=batch, by=BY, at=AT))
    profile.disable()
    print(
        f"  {dict(report.words)}, {report.matched:,} of known people, {report.undecided:,} undecided; {Case.objects.count():,} cases"
    )
    if args.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(70)
    again = timed(
        "the same file again",
        args.rows,
        lambda: receive_file(content=content, name="x", source=source, by=BY, at=AT),
    )
    assert again.is_known
    n_cases = Case.objects.count()
    exported = timed(
        "exported with names", n_cases, lambda: export_csv(target="case", by=BY, at=AT, purpose="benchmark")
    )
    round_trip = take(exported, source, AT)
    report = timed("own export in again", n_cases, lambda: accept_batch(batch=round_trip, by=BY, at=AT))
    print(f"  {dict(report.words)}: 0 created and 0 changed is the bar")
    head, *rows = exported.decode("utf-8-sig").splitlines()
    edited = "\r\n".join([head, *(row.replace(",yes,", ",no,", 1) for row in rows[:1000])]).encode()
    correction = take(edited, source, AT + timedelta(hours=1))
    report = timed(
        "1,000 rows edited", 1000, lambda: accept_batch(batch=correction, by=BY, at=AT + timedelta(hours=1))
    )
    print(f"  {dict(report.words)}")
    timed(
        "edit undone",
        1000,
        lambda: undo_batch(batch=correction, reason="benchmark", by=BY, at=AT + timedelta(hours=2)),
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    main(parser.parse_args())
