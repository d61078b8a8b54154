"""Taking a line list in: 100,000 rows into a register of 100,000 people with matching on, exports, the same again, edits.

Half of the rows tell of people on file, with the errors of clerks (see `people.py`, which makes them with a seed). The
lower bound of the import, in the same run, is what no import can do without: reading the file with `csv`, sealing and
hashing as many particulars as it kept, and writing the rows that it wrote into tables without an index, by COPY or a
prepared statement; nothing is matched, checked or compared. That of the export is one query of the same cases with their people and places, written with `csv`.
"""

import csv
import io
import json
import resource
from datetime import UTC, datetime, timedelta

import numpy as np

from measuring import Table, Taken, analyze, clock, fresh_database, set_up_django

set_up_django()

from django.db import connection, transaction  # noqa: E402 - Django must be set up first
from django.db.models import Max  # noqa: E402

from lianfang.cases import bulk  # noqa: E402
from lianfang.cases.models import Case, EpiLink, Outcome, Report, Result, Sample, Sign, StatusChange  # noqa: E402
from lianfang.cases.selectors import CaseFilter, matching_cases  # noqa: E402
from lianfang.common.sealing import digests, seal  # noqa: E402
from lianfang.core.access.actor import Actor  # noqa: E402
from lianfang.core.audit.models import Event  # noqa: E402
from lianfang.core.registry.calendar import lay_out_days  # noqa: E402
from lianfang.core.registry.jurisdiction import refresh_jurisdictions  # noqa: E402
from lianfang.core.registry.models import (  # noqa: E402
    Capability,
    Identity,
    IdentityKey,
    Level,
    MatchReview,
    Person,
    Place,
    Unit,
    UnitCapability,
)
from lianfang.core.registry.services import register_people  # noqa: E402
from lianfang.intake.models import Batch, Source, Trace  # noqa: E402
from lianfang.intake.services import (  # noqa: E402
    accept_batch,
    confirm_mapping,
    dry_run,
    export_csv,
    propose_mapping,
    receive_file,
    undo_batch,
)
from lianfang.loop.models import Finding, Touched  # noqa: E402
from people import make_arrivals, make_people  # noqa: E402

AT = datetime(2020, 2, 12, 10, tzinfo=UTC)
BY = Actor.system("benchmark")
SIZES = ((10_000, 10_000), (100_000, 100_000))  # people on file, rows
SEED, N_EDITED, N_EXPORTED = 11, 1000, 60_000
HEADER = ["病例编号", "姓名", "性别", "出生日期", "联系电话", "身份证号", "地区编码", "发病日期", "报告日期", "病例分类", "发热", "咳嗽",
          "采样日期", "标本类型", "检测方法", "检测结果", "结果日期", "转归", "转归日期"]  # fmt: skip
FACTS = (Report, Sign, EpiLink, Sample, Result, Outcome)
WRITTEN = (
    Person,
    Identity,
    IdentityKey,
    MatchReview,
    Case,
    *FACTS,
    StatusChange,
    Finding,
    Touched,
    Trace,
    Event,
)


def a_place(code: str, level: int, parent: Place | None) -> Place:
    path = f"{parent.path if parent else ''}{code}."
    return Place.objects.create(code=code, name=code, level=level, parent=parent, path=path)


def lay_ground() -> tuple[Source, list[Place]]:
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


def newest() -> dict:
    """Return the highest key of every table that an import writes to."""
    return {model: model.objects.aggregate(top=Max("pk"))["top"] or 0 for model in WRITTEN}


def bare_import(content: bytes, before: dict) -> tuple[Taken, Taken, Taken, int]:
    """Return what no import can do without: reading the file, sealing and hashing, writing the rows; and their number.

    As many particulars are sealed and hashes made as the import kept. The rows are those that it wrote, table by table
    and without any index, by the fastest way there is.
    """
    with clock() as read:
        rows = list(csv.DictReader(io.StringIO(content.decode())))
    n_sealed, n_hashed = (
        model.objects.filter(pk__gt=before[model]).count() for model in (Identity, IdentityKey)
    )
    with clock() as sealed:
        for k in range(n_sealed):
            seal(rows[k % len(rows)]["姓名"], context="name")
        for k in range(n_hashed):
            digests("name", rows[k % len(rows)]["姓名"])
    written, n = Taken(), 0
    for model in WRITTEN:
        table = model._meta.db_table  # noqa: SLF001 - Django's documented Meta API
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} WHERE id > %s", [before[model]])
            kept = cursor.fetchall()
            marks = ", ".join(["?"] * len(cursor.description))
            cursor.execute(f"CREATE TABLE bare AS SELECT * FROM {table} WHERE 1 = 0")
        with clock() as taken, transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy("COPY bare FROM STDIN") as copy:
                    for row in kept:
                        copy.write_row(
                            [json.dumps(cell) if isinstance(cell, dict | list) else cell for cell in row]
                        )
            else:
                connection.connection.executemany(f"INSERT INTO bare VALUES ({marks})", kept)
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bare")
        written.wall, written.cpu, n = written.wall + taken.wall, written.cpu + taken.cpu, n + len(kept)
    return read, sealed, written, n


def bare_export() -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    rows = Case.objects.order_by("pk").values_list(
        "number", "disease", "classification", "reported_at", "onset_on", "outcome", "person__sex", "person__birth_year", "place__code"
    )  # fmt: skip
    writer.writerows(rows.iterator(2000))


def measure(quick: bool) -> None:
    table = Table(
        f"{connection.vendor}: intake", "rows", "what", "s", "CPU s", "rows a minute", "rows a CPU second", "CPU to bound", "came out"
    )  # fmt: skip
    for n_people, n_rows in ((1000, 1000),) if quick else SIZES:
        with fresh_database():
            measure_size(n_people, n_rows, table)
    print(
        f"\nPeak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB."
    )


def measure_size(n_people: int, n: int, table: Table) -> None:
    def said(what, taken, rows=n, bound=None, out=""):
        ratio = taken.cpu / max(bound.cpu, 0.01) if bound else None
        table.row(
            rows, what, taken.wall, taken.cpu, 60 * rows / taken.wall, rows / max(taken.cpu, 0.01), ratio, out
        )

    source, counties = lay_ground()
    base = make_people(n_people, SEED)
    with clock() as taken:
        for start in range(0, n_people, 5000):
            register_people(base[start : start + 5000], by=BY, at=AT)
    said(f"base of {n_people:,} people registered and sealed", taken, n_people)
    analyze()
    people, _ = make_arrivals(base, n, SEED + 1, share_known=0.5)
    content = line_list(people, counties, SEED + 2)
    with clock() as received:
        batch = take(content, source, AT, defaults={"disease": "covid_19"})
    said("received, sealed, mapped", received)
    if n <= 10_000:
        with clock() as taken:
            report = dry_run(batch=batch, by=BY, at=AT)
        said("dry run", taken, out=words(report))
    before = newest()
    with clock() as accepted:
        report = accept_batch(batch=batch, by=BY, at=AT)
    analyze()
    read, sealed, written, n_written = bare_import(content, before)
    bound = Taken(read.wall + sealed.wall + written.wall, read.cpu + sealed.cpu + written.cpu)
    said("the file read with csv (part of the bound)", read)
    said("particulars sealed and hashed (part of the bound)", sealed)
    said(f"the {n_written:,} rows written bare, without an index (part of the bound)", written)
    out = f"{words(report)}; {report.matched:,} of known people, {report.undecided:,} undecided"
    said("accepted, with matching", accepted, bound=bound, out=out)
    exported = measure_again(source, content, said)
    measure_edit(source, exported, said)
    measure_acts(counties[0], said)


def measure_again(source: Source, content: bytes, said) -> bytes:
    with clock() as taken:
        assert receive_file(content=content, name="x", source=source, by=BY, at=AT).is_known
    said("the same file again", taken, out="known")
    n_cases = Case.objects.count()
    with clock() as bound:
        bare_export()
    said("one query and csv (bound)", bound, n_cases)
    with clock() as taken:
        exported = b"".join(export_csv(target="case", by=BY, at=AT, purpose="benchmark"))
    said("exported with names and facts", taken, n_cases, bound)
    if n_cases <= 10_000:
        with clock() as taken:
            report = accept_batch(batch=take(exported, source, AT), by=BY, at=AT)
        said("own export in again", taken, n_cases, out=words(report))
        assert not report.created + report.changed
    return exported


def measure_edit(source: Source, exported: bytes, said) -> None:
    head, *rows = exported.decode("utf-8-sig").splitlines()
    edited = "\r\n".join([head, *(row.replace(",yes,", ",no,", 1) for row in rows[:N_EDITED])]).encode()
    later = AT + timedelta(hours=1)
    with clock() as taken:
        correction = take(edited, source, later)
        report = accept_batch(batch=correction, by=BY, at=later)
    said("edited in a spreadsheet and taken in", taken, N_EDITED, out=words(report))
    with clock() as taken:
        undo_batch(batch=correction, reason="benchmark", by=BY, at=AT + timedelta(hours=2))
    said("that edit undone", taken, N_EDITED)


def measure_acts(county: Place, said) -> None:
    """What the line list does to many at once, by the services behind its buttons."""
    later = AT + timedelta(hours=3)
    many = list(Case.objects.order_by("pk")[:N_EDITED])
    ids = [case.pk for case in many]
    with clock() as bound, transaction.atomic():
        Case.objects.filter(pk__in=ids).update(outcome="recovered")
        transaction.set_rollback(True)
    said("one UPDATE of as many cases (bound)", bound, len(many))
    acts = {
        "an outcome": lambda: bulk.record_outcomes(
            cases=many, kind="recovered", on=later.date(), by=BY, at=later
        ),
        "reports reviewed": lambda: bulk.review_reports(cases=many, complete=True, note="", by=BY, at=later),
        "given to another area": lambda: bulk.move_cases(
            cases=many, place=county, reason="benchmark", by=BY, at=later
        ),
    }
    for what, act in acts.items():
        with clock() as taken:
            act()
        said(f"{what}, for the chosen cases of the list", taken, len(many), bound)
    rows = matching_cases(BY, CaseFilter())[:N_EXPORTED]
    with clock() as taken:
        for _part in bulk.export_chosen(cases=rows, purpose="benchmark", by=BY, at=later):
            pass
    said("the chosen cases exported with names and facts", taken, len(rows))


def words(report) -> str:
    return ", ".join(f"{n:,} {word}" for word, n in sorted(report.words.items()) if n)
