"""Reads of cases for doors and for the apps above."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet, Value

from lianfang.cases.models import Case, Classification, Sample, Screening, StatusChange
from lianfang.common.clock import local_day, start_of
from lianfang.common.errors import NotVisible
from lianfang.common.listing import area_lookup, page_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """What a list of cases can be narrowed to; empty fields narrow nothing."""

    path: str = ""
    disease: str = ""
    classification: str = ""  # one class, or several separated by commas
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    confirmed_since: datetime | None = None
    confirmed_until: datetime | None = None
    number: str = ""
    uninvestigated: bool = False


def list_cases(
    actor: Actor, wanted: CaseFilter, *, after: tuple[int, int] | None = None, limit: int = 50
) -> list[Case]:
    """Return one page of the cases that `actor` may see, newest report first.

    `after` is (epoch second, id) of the last row of the page before. The condition is written as `<=` and (`<` or id)
    since the textbook form cannot use the index (measured: 2 against 630 pages a second).
    """
    seen = Case.objects.all() if Case.objects.is_own(actor, wanted.path) else Case.objects.visible_to(actor)
    rows = _narrow(seen, replace(wanted, path=""))
    if after is not None:
        moment, pk = after
        rows = rows.filter(reported_at__lte=moment).filter(Q(reported_at__lt=moment) | Q(pk__lt=pk))
    rows = rows.select_related("person", "place")
    return page_of(rows, path=wanted.path, order=("-reported_at", "-pk"), limit=limit)


def matching_cases(
    actor: Actor, wanted: CaseFilter, *, numbers: Sequence[str] | None = None
) -> QuerySet[Case]:
    """Return the cases that an act on many is about, the newest first: those of a filter, or of it only the named ones."""
    rows = _narrow(Case.objects.visible_to(actor), wanted)
    if numbers is not None:
        rows = rows.filter(number__in=numbers)
    return rows.select_related("person", "place").order_by("-reported_at", "-pk")


def _narrow(rows: QuerySet[Any], wanted: CaseFilter) -> QuerySet[Any]:
    if wanted.path:
        rows = rows.filter(path__within=wanted.path)
    if wanted.number:
        rows = rows.filter(number__begins=wanted.number)
    if wanted.uninvestigated:
        rows = rows.filter(confirmed_at__isnull=False, investigated_at__isnull=True)
    exact = {name: getattr(wanted, name) for name in ("disease", "outcome") if getattr(wanted, name)}
    if wanted.classification:
        rows = rows.filter(classification__in=wanted.classification.split(","))
    span = {
        "reported_at__gte": wanted.since,
        "reported_at__lt": wanted.until,
        "confirmed_at__gte": wanted.confirmed_since,
        "confirmed_at__lt": wanted.confirmed_until,
    }
    return rows.filter(**exact, **{name: moment for name, moment in span.items() if moment is not None})


def get_case(actor: Actor, number: str, permission: Permission | None = None) -> Case:
    """Return the case by its number, or raise NotVisible."""
    case: Case = Case.objects.select_related("person", "place").get_visible(actor, permission, number=number)
    return case


def counts_by_classification(actor: Actor, path: str = "") -> dict[str, int]:
    """Return how many visible cases are in each class, in the area `path`."""
    rows = Case.objects.visible_in(actor, path).order_by()
    # SQLite counts in the order of an index, without a tree for the groups; PostgreSQL hashes one column faster than two.
    keys = ("path", "classification") if connection.vendor == "sqlite" else ("classification",)
    try:
        statement, values = rows.values(*keys).annotate(n=Count("pk")).query.sql_with_params()
    except EmptyResultSet:  # nothing is visible
        return dict.fromkeys(Classification.values, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT classification, SUM(n) FROM ({statement}) AS counted GROUP BY classification",  # noqa: S608
            values,
        )
        counted = {name: int(n) for name, n in cursor.fetchall()}
    return {name: counted.get(name, 0) for name in Classification.values}


def epidemic_curve(
    actor: Actor, *, path: str = "", disease: str = "", by_onset: bool = False, since: date | None = None
) -> Sequence[tuple[date, int]]:
    """Return (day, new cases) by onset or by confirmation, from `since` on, of the visible confirmed or asymptomatic cases."""
    own = Case.objects.is_own(actor, path)
    rows = Case.objects.all() if own else Case.objects.visible_to(actor)
    rows = rows.filter(
        confirmed_at__isnull=False, **{area_lookup(Case, path) if since else "path__within": path}
    ).order_by()
    if disease:
        rows = rows.filter(disease=disease)
    if by_onset:
        first: Any = {"onset_on__gte": since} if since else {"onset_on__isnull": False}
        return list(rows.filter(**first).values_list("onset_on").annotate(n=Count("pk")).order_by("onset_on"))
    if since is not None:
        rows = rows.filter(confirmed_at__gte=start_of(since))
    # Counted by quarters of an hour in the database: days of every zone are made of whole ones.
    quarter = Func(F("confirmed_at"), Value(900), template="%(expressions)s", arg_joiner=" / ", output_field=BigIntegerField())  # fmt: skip
    days: Counter[date] = Counter()
    for number, n in rows.values_list(quarter).annotate(n=Count("pk")):
        days[local_day(datetime.fromtimestamp(900 * number, UTC))] += n
    return sorted(days.items())


def get_sample(case: Case, number: str) -> Sample:
    """Return the sample of a case by its number, or raise NotVisible."""
    sample = Sample.objects.current().filter(case=case, number=number).select_related("case").first()
    if sample is None:
        raise NotVisible(thing=Sample._meta.verbose_name)  # noqa: SLF001 - Django's Meta API
    return sample  # type: ignore[no-any-return]


_FACTS: dict[str, str] = {
    "result": "results",
    "sample": "samples",
    "sign": "signs",
    "report": "reports",
    "investigation": "investigations",
    "outcome": "outcomes",
}


def get_fact(case: Case, kind: str, pk: int) -> Any:
    """Return one entry of a case (`kind` is result, sample, sign, report, investigation, outcome), or raise NotVisible."""
    fact = getattr(case, _FACTS[kind]).filter(pk=pk).select_related("case").first()
    if fact is None:
        raise NotVisible(thing=kind)
    return fact


def history_of(case: Case) -> list[StatusChange]:
    """Return every change of what the case was taken for, the oldest first."""
    return list(StatusChange.objects.filter(case=case).order_by("pk"))


def list_screenings(
    actor: Actor, *, path: str = "", open_only: bool = True, after: int | None = None, limit: int = 100
) -> list[Screening]:
    """Return one page of the readings of the area, the newest first; `after` is the id of the last one before."""
    rows = Screening.objects.visible_to(actor, Permission.TASK_VIEW).filter(path__within=path)
    if open_only:
        rows = rows.filter(looked_at__isnull=True)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return list(rows.select_related("person", "place", "case").order_by("-pk")[:limit])


def get_screening(actor: Actor, pk: int) -> Screening:
    """Return the reading, or raise NotVisible."""
    rows = Screening.objects.select_related("person", "place__parent", "case")
    screening: Screening = rows.get_visible(actor, Permission.TASK_VIEW, pk=pk)
    return screening
