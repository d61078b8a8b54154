"""The risk grade of every area on every day, by the edition in force then, and the proposal of it to a person.

`raw_levels` is `rulebook.areas.grade` for whole tables of figures; a test holds that both say the same. A grade is
never changed by the machine: where the figures to 24:00 of the day before ask for another one than is in force, that
is a finding for the level that answers for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Level, Place
from lianfang.core.rules import site_rules
from lianfang.loop.findings import Proposal, Proposed, propose_findings
from lianfang.regions.errors import NotGradable
from lianfang.regions.models import Grade, Published
from lianfang.regions.panel import Ints, Panel
from lianfang.rulebook.areas import grade
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.kinds.surveillance import ClockParameters, RiskGradeParameters, RiskLevel

FINDING = "regions.grade"
LEVELS: tuple[RiskLevel, ...] = ("low", "medium", "high")
COLUMNS = ("confirmed", "asymptomatic", "total", "cluster")
NOT_GRADED = -1
_PUBLISHERS = {"county": 3, "prefecture": 2, "province": 1, "nation": 0}
Levels = NDArray[np.int8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a grade rests on, each (days, areas): cumulative, new within the window, and whether a cluster lies in it."""

    total: Ints
    new: Ints
    has_cluster: Flags


def figures_for(panel: Panel, rule: RiskGradeParameters) -> Figures:
    """Return the figures as the edition counts them. What it asks for and the facts do not have is refused."""
    if not rule.counts_imported or rule.dated_by != "reported":
        raise NotGradable
    new, total = panel["confirmed"], panel["total"]
    if rule.counts_asymptomatic:
        new = new + panel["asymptomatic"]
        total = total + np.cumsum(panel["asymptomatic"], axis=0, dtype=np.int32)
    clusters = moving_sum(panel["cluster"], rule.window_days)
    return Figures(
        total=total, new=np.maximum(moving_sum(new, rule.window_days), 0), has_cluster=clusters > 0
    )


def raw_levels(figures: Figures, rule: RiskGradeParameters) -> tuple[Levels, Flags]:
    """Return the level that the text gives for each figure (0 low, 1 medium, 2 high), and where the figures contradict."""
    large = rule.large_cumulative.compare(figures.total, rule.large_cumulative.value)  # type: ignore[arg-type]
    is_quiet = figures.new == 0
    levels = np.where(is_quiet, 0, np.where(large & figures.has_cluster, 2, 1)).astype(np.int8)
    return levels, is_quiet & figures.has_cluster


def held_levels(levels: Levels, rule: RiskGradeParameters) -> Levels:
    """Return the levels with the edition's hysteresis: a level named in `hold_days` is kept so long after its last day."""
    held = levels.copy()
    for name, days in rule.hold_days.items():
        level = LEVELS.index(name)
        recent = moving_sum((levels >= level).astype(np.int32), days + 1) > 0
        held = np.where(recent, np.maximum(held, np.int8(level)), held)
    return held


def moving_sum(values: NDArray[Any], days: int) -> Ints:
    """Return the sum of each day and the `days` - 1 before it, along the first axis; of fewer at the start."""
    total = np.cumsum(values, axis=0, dtype=np.int64)
    total[days:] -= total[:-days].copy()
    return total.astype(np.int32)


def grades_by_day(panel: Panel, disease: str) -> tuple[Levels, Flags]:
    """Return level and contradiction of each day and area, for a grade of the day after, by the edition in force then.

    `NOT_GRADED` stands where no edition was in force. A level that the edition holds is worked out from its own first
    day on.
    """
    levels = np.full((panel.n_days, len(panel.areas)), NOT_GRADED, dtype=np.int8)
    odd = np.zeros(levels.shape, dtype=np.bool_)
    of_day = [edition_on(day + timedelta(days=1), disease) for day in panel.days]
    for edition in {one.edition_id: one for one in of_day if one is not None}.values():
        rule = edition.of(RiskGradeParameters)
        rows = [n for n, one in enumerate(of_day) if one is not None and one.edition_id == edition.edition_id]
        found, contradicts = raw_levels(figures_for(panel, rule), rule)
        held = held_levels(found[rows[0] :], rule)
        levels[rows] = held[[n - rows[0] for n in rows]]
        odd[rows] = contradicts[rows]
    return levels, odd


def edition_on(day: date, disease: str) -> RuleEdition | None:
    """Return the edition of the grade in force on the day, or None."""
    book = site_rules()
    own = f"{disease}/risk_grade"
    found = book.find(own, at=day) if own in book.rule_ids() else None
    return found or book.find("risk_grade", at=day)


@dataclass(frozen=True, kw_only=True)
class Graded:
    """One area's grade by the figures of one day, with what it rests on."""

    path: str
    level: RiskLevel
    total: int
    new: int
    has_cluster: bool
    contradicts: bool
    edition: str
    en: str
    zh: str


def graded_on(panel: Panel, disease: str, day: date | None = None) -> list[Graded]:
    """Return the grade of each area by the figures to 24:00 of `day` (the last one if not given); [] without an edition."""
    last = day or panel.last
    row = (last - panel.first).days
    edition = edition_on(last + timedelta(days=1), disease)
    if edition is None or not 0 <= row < panel.n_days:
        return []
    figures = figures_for(panel, edition.of(RiskGradeParameters))
    levels, odd = grades_by_day(panel, disease)
    return [
        _explained(path, disease, last, edition, _one(figures, levels, odd, (row, n)))
        for n, path in enumerate(panel.areas)
    ]


@dataclass(frozen=True)
class _One:
    total: int
    new: int
    has_cluster: bool
    level: RiskLevel
    contradicts: bool


def _one(figures: Figures, levels: Levels, odd: Flags, at: tuple[int, int]) -> _One:
    total, new, has_cluster = int(figures.total[at]), int(figures.new[at]), bool(figures.has_cluster[at])
    return _One(max(total, new), new, has_cluster, LEVELS[levels[at]], bool(odd[at]))


def _explained(path: str, disease: str, last: date, edition: RuleEdition, one: _One) -> Graded:
    text = grade(
        one.total,
        one.new,
        cluster_14d=one.has_cluster,
        book=site_rules(),
        at=last + timedelta(days=1),
        disease=disease,
    )
    en, zh = text.clause.en, text.clause.zh
    if one.level != text.level:
        en += f"; the figures would allow {text.label.en}, which this edition does not yet let it fall to"
        zh += f"；按数据可为{text.label.zh}，但该版规定尚不能下调"
    return Graded(
        path=path,
        level=one.level,
        total=one.total,
        new=one.new,
        has_cluster=one.has_cluster,
        contradicts=one.contradicts,
        edition=edition.edition_id,
        en=en,
        zh=zh,
    )


def graded_places(disease: str) -> list[Place]:
    """Return the places that are graded: counties, and areas above them that publish figures which no county breaks down."""
    counties = list(Place.objects.filter(level=Level.COUNTY, abolished_on__isnull=True).order_by("path"))
    figures = Published.objects.current().filter(disease=disease)
    published = set(figures.order_by().values_list("path", flat=True).distinct())
    whole = [
        place
        for place in Place.objects.filter(path__in=published, level=Level.PREFECTURE)
        if not any(path != place.path and path.startswith(place.path) for path in published)
    ]
    covered = tuple(place.path for place in whole)
    return [*whole, *(place for place in counties if not covered or not place.path.startswith(covered))]


def propose_grades(panel: Panel, places: Sequence[Place], disease: str, *, at: datetime) -> Proposed:
    """Propose every grade that differs from the one in force; those without grounds any more are withdrawn."""
    graded = graded_on(panel, disease)
    in_force = dict(
        Grade.objects.current().filter(disease=disease, place__in=places).values_list("place_id", "level")
    )
    place_of = {place.path: place for place in places}
    due = at + timedelta(hours=clock_hours("clock.grade_confirmation", at))
    answers = _answering(places, panel, disease)
    proposals = []
    for one in graded:
        place = place_of[one.path]
        if in_force.get(place.pk) == one.level:
            continue
        answering = answers[place.pk]
        evidence = {
            "disease": disease,
            "level": one.level,
            "in_force": in_force.get(place.pk, ""),
            "data_to": panel.last.isoformat(),
            "cumulative": one.total,
            "new_in_window": one.new,
            "cluster_in_window": "yes" if one.has_cluster else "no",
            "sentence": {"en": one.en, "zh": one.zh},
        }
        proposals.append(
            Proposal(
                subject_id=place.pk,
                place_id=answering.pk,
                path=answering.path,
                key=f"{disease}:{one.level}",
                edition=one.edition,
                evidence=evidence,
                due_at=due,
            )
        )
    return propose_findings(FINDING, Place, proposals, by=Actor.system("regions.grades"), at=at)


def _answering(places: Sequence[Place], panel: Panel, disease: str) -> dict[int, Place]:
    """Return for each place the one above it whose unit answers for the grade: the publisher's level of the edition."""
    edition = edition_on(panel.last + timedelta(days=1), disease)
    level = _PUBLISHERS[edition.of(RiskGradeParameters).published_by] if edition else Level.PROVINCE
    above = {place.path: place for place in Place.objects.filter(level=level)}
    found = {}
    for place in places:
        steps = place.path.rstrip(".").split(".")
        paths = [".".join(steps[:n]) + "." for n in range(1, len(steps) + 1)]
        found[place.pk] = next((above[path] for path in paths if path in above), place)
    return found


def clock_hours(clock: str, at: datetime) -> int:
    """Return how many hours a clock gives at the moment."""
    return site_rules().rule(clock, at=local_day(at)).of(ClockParameters).within
