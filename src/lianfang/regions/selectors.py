"""What pages, the interface and bulletins read about areas: figures from the mart, grades, findings, hit rates, scores."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import QuerySet

from lianfang.common.clock import end_of
from lianfang.common.paths import lineage
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.loop.models import Decision, Finding, Judgement
from lianfang.outlook.models import Run
from lianfang.regions.early_warning import DATA, FINDING, METHODS
from lianfang.regions.flows import day_of, number_of
from lianfang.regions.grading import FINDING as GRADE
from lianfang.regions.mart import Mart, diseases_held
from lianfang.regions.models import Grade
from lianfang.regions.outlooks import file_of
from lianfang.regions.panel import Panel
from lianfang.regions.reading import DEPTH
from lianfang.regions.run_files import read_file

BOARD_COLUMNS = ("confirmed", "existing", "total", "total_cured", "total_died", "new_7d", "before_7d")
_RANK = {"low": 0, "medium": 1, "high": 2}


def chosen_disease(wanted: str = "") -> str | None:
    """Return the disease asked for if figures of it are held, else the first that is; None where there is none."""
    held = diseases_held()
    return wanted if wanted in held else held[0] if held else None


def panel_for(disease: str, areas: Sequence[str], columns: Sequence[str], last: date | None = None) -> Panel:
    """Return indicators of areas of any level to `last`: from the mart down to the county, computed below it."""
    mart = Mart(disease)
    if all(len(area.rstrip(".").split(".")) <= DEPTH for area in areas):
        panel = mart.read(areas, columns)
    else:
        panel = mart.compute(areas)
    if last is None or last >= panel.last:
        return panel
    rows = max((last - panel.first).days + 1, 1)
    return Panel(areas=panel.areas, first=panel.first, columns={name: panel[name][:rows] for name in columns})


def grades_in_force(disease: str, path: str, *, on: date | None = None) -> dict[str, Grade]:
    """Return path -> grade of the places in an area, in force now or by what was decided up to the end of a day."""
    rows = Grade.objects.filter(disease=disease, path__within=path)
    rows = rows.current() if on is None else rows.filter(occurred_at__lte=end_of(on)).order_by("recorded_at")
    return {row.path: row for row in rows}


def worst_below(grades: dict[str, Grade], path: str) -> str:
    """Return the worst grade of the places of an area, "" where none is graded."""
    levels = [row.level for place, row in grades.items() if place.startswith(path)]
    return max(levels, key=lambda level: _RANK[level], default="")


def grade_holding(path: str, at: datetime) -> str:
    """Return the worst grade that is confirmed for a place or one above it, "" where nobody has confirmed one."""
    rows = Grade.objects.current().filter(path__in=lineage(path), occurred_at__lte=at)
    return max(rows.values_list("level", flat=True), key=lambda level: _RANK[level], default="")


@dataclass(frozen=True, kw_only=True)
class CityGrade:
    """The grade of a city's urban area: the worst of its districts, how many of them there are and how many are graded."""

    level: str
    districts: int
    graded: int


def city_grade(grades: dict[str, Grade], city: Place) -> CityGrade | None:
    """Return the grade of a city's urban area by the districts that are marked as such, None where none of them is graded."""
    districts = Place.objects.filter(parent=city, is_urban=True, abolished_on__isnull=True)
    paths = list(districts.values_list("path", flat=True))
    levels = [grades[path].level for path in paths if path in grades]
    if not levels:
        return None
    worst = max(levels, key=lambda level: _RANK[level])
    return CityGrade(level=worst, districts=len(paths), graded=len(levels))


def grade_proposals(actor: Actor, path: str = "") -> QuerySet[Finding]:
    """Return the grades that wait for a decision of the actor, the most urgent first."""
    rows: QuerySet[Finding] = Finding.objects.visible_to(actor).unjudged().filter(kind=GRADE)
    if path:
        subjects = Place.objects.filter(path__within=path).values("pk")
        rows = rows.filter(subject_id__in=subjects)
    return rows.order_by("due_at", "pk")


def get_grade_proposal(actor: Actor, pk: int) -> Finding:
    """Return a proposed grade that the actor may decide on, or raise NotVisible."""
    found: Finding = Finding.objects.get_visible(actor, Permission.GRADE_CONFIRM, kind=GRADE, pk=pk)
    return found


def open_findings(actor: Actor, path: str) -> QuerySet[Finding]:
    """Return warnings and data alerts of an area on which nobody has decided yet."""
    if not actor.may(Permission.FINDING_JUDGE):
        return Finding.objects.none()
    rows: QuerySet[Finding] = Finding.objects.visible_to(actor).unjudged().filter(kind__in=(FINDING, DATA))
    return rows.filter(path__within=path).order_by("due_at", "pk")


@dataclass(frozen=True, kw_only=True)
class HitRate:
    """How one method did: judged findings that it had a part in, and how long and how often in time they were judged."""

    method: str
    n: int
    confirmed: int
    watched: int
    dismissed: int
    waiting: int
    in_time: int
    median_hours: float | None

    @property
    def hit_rate(self) -> float | None:
        """The share confirmed of those confirmed or dismissed; None where there are none."""
        decided = self.confirmed + self.dismissed
        return self.confirmed / decided if decided else None

    @property
    def answered(self) -> float | None:
        """The share of all findings that were judged."""
        return (self.n - self.waiting) / self.n if self.n else None

    @property
    def answered_percent(self) -> float | None:
        """The same in percent."""
        return None if self.answered is None else 100 * self.answered


def hit_rates(path: str) -> list[HitRate]:
    """Return the record of each method of early warning in an area, from every finding it ever made. No person in it."""
    rows = _answers(path)
    return [
        _hit_rate(name, [answer for finding, answer in rows if name in finding.evidence["methods"]])
        for name in METHODS
    ]


def warning_record(path: str) -> HitRate:
    """Return the record of all warnings of an area together, each counted once."""
    return _hit_rate("", [answer for _, answer in _answers(path)])


Answer = (
    tuple[str, bool, float] | None
)  # decision, in time, hours to the first one; None: nobody has answered


def _answers(path: str) -> list[tuple[Finding, Answer]]:
    found: list[tuple[Finding, Answer]] = []
    for finding in Finding.objects.filter(kind=FINDING, path__within=path).prefetch_related("judgements"):
        judged = sorted(finding.judgements.all(), key=lambda one: one.pk)
        if judged:
            hours = (judged[0].at - finding.found_at).total_seconds() / 3600
            found.append((finding, (judged[-1].decision, judged[0].at <= finding.due_at, hours)))
        elif finding.withdrawn_at is None:  # else corrected away before anybody looked
            found.append((finding, None))
    return found


def _hit_rate(method: str, answers: Sequence[Answer]) -> HitRate:
    judged = [answer for answer in answers if answer is not None]
    decisions = Counter(decision for decision, _, _ in judged)
    return HitRate(
        method=method,
        n=len(answers),
        confirmed=decisions[Decision.CONFIRMED] + decisions[Decision.CORRECTED],
        watched=decisions[Decision.WATCHED],
        dismissed=decisions[Decision.DISMISSED],
        waiting=len(answers) - len(judged),
        in_time=sum(in_time for _, in_time, _ in judged),
        median_hours=median(hours for _, _, hours in judged) if judged else None,
    )


def latest_run(disease: str) -> Run | None:
    """Return the newest outlook of the areas."""
    found: Run | None = (
        Run.objects.filter(study__method="areas", study__disease=disease).order_by("-pk").first()
    )
    return found


def outlook_rows(run: Run, disease: str, areas: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return area -> what the run says of it: Rt with limits, and the quantiles of the next weeks."""
    table = read_file(file_of(run, Mart(disease)))
    if table is None:
        return {}
    return {
        str(row["area"]): row for row in table.filter(pc.is_in(table["area"], _strings(areas))).to_pylist()
    }


def _strings(values: Sequence[str]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - beside its only use

    return pa.array(list(values), pa.string())


def changes_behind(
    disease: str, area: str, measure: str, last: date, *, limit: int = 200
) -> list[tuple[date, str, int, datetime]]:
    """Return the newest flows that a figure of an area adds up: day, place, change, and when it became known."""
    found: list[tuple[date, str, int, datetime]] = []
    for file in Mart(disease).flows(area):
        table = pq.read_table(file)
        mask = pc.and_(
            pc.starts_with(table["path"], area),
            pc.and_(pc.equal(table["measure"], measure), pc.less_equal(table["day"], number_of(last))),
        )
        rows = table.filter(mask).sort_by([("day", "descending")]).slice(0, limit)
        found += [
            (day_of(row["day"]), row["path"], row["n"], datetime.fromtimestamp(row["known"]).astimezone())
            for row in rows.to_pylist()
        ]
    return sorted(found, reverse=True)[:limit]


def change(week: int, before: int) -> float | None:
    """Return by which share the week differs from the one before; None where there was nothing."""
    return (week - before) / before if before else None


def recent(panel: Panel, name: str, column: int, days: int) -> list[int]:
    """Return the last days of one column of one area."""
    values: list[int] = np.asarray(panel[name][-days:, column]).tolist()
    return values


def first_shown(panel: Panel, days: int) -> date:
    """Return the first of the last `days` days."""
    return max(panel.first, panel.last - timedelta(days=days - 1))


def judged_without_grade() -> list[tuple[Finding, Judgement]]:
    """Return the grade proposals that a person confirmed on the page of findings and that are not in force yet."""
    newest = {}
    rows = Judgement.objects.filter(finding__kind=GRADE, finding__withdrawn_at=None).order_by("pk")
    for one in rows.select_related("finding"):
        newest[one.finding_id] = one
    written = set(Grade.objects.filter(finding__in=newest).values_list("finding_id", "recorded_at"))
    return [
        (one.finding, one)
        for one in newest.values()
        if one.decision == Decision.CONFIRMED
        and one.at >= one.finding.found_at
        and not any(finding == one.finding_id and at >= one.at for finding, at in written)
    ]
