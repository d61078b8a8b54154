"""What a confirmed grade asks for: which measures of its edition should begin in the area, and which should end.

It is a proposal and nothing else: a person of the answerable level decides, and may decide otherwise.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.core.rules import site_rules
from lianfang.loop.findings import Proposal, Proposed, propose_findings
from lianfang.measures.models import Measure
from lianfang.measures.rules import by_grade, catalogue, place_answering
from lianfang.regions.models import Grade
from lianfang.rulebook.kinds.surveillance import ClockParameters, RiskLevel

FINDING = "measures.switch"
CLOCK = "clock.switch_decision"


def propose_switches(places: Iterable[int], *, at: datetime) -> Proposed:
    """Propose what the confirmed grades of some places switch on and lift; what is as it should be is withdrawn."""
    about = sorted(set(places))
    grades = list(Grade.objects.current().filter(place__in=about).select_related("place").order_by("pk"))
    held: dict[tuple[int, str], list[Measure]] = defaultdict(list)
    for row in Measure.objects.in_force().filter(place__in=about).order_by("pk"):
        held[row.place_id, row.disease].append(row)
    proposals = [
        found for grade in grades if (found := _proposal(grade, held[grade.place_id, grade.disease], at))
    ]
    return propose_findings(
        FINDING, Place, proposals, about=about, by=Actor.system("measures.switches"), at=at
    )


def _level(grade: Grade) -> RiskLevel:
    return cast("RiskLevel", grade.level)


def _proposal(grade: Grade, held: Sequence[Measure], at: datetime) -> Proposal | None:
    rule = by_grade(grade.path, at)
    if rule is None:
        return None
    edition, says = rule
    wanted = {one.measure_id: one.text for one in says.by_grade[_level(grade)]}
    of_grades = {one.measure_id for each in says.by_grade.values() for one in each}
    # Only a measure that a grade brought is lifted by a grade: what a person or a plan decided stays.
    standing = {row.kind: row for row in held}
    on = [kind for kind in wanted if kind not in standing]
    off = [kind for kind, row in standing.items() if row.grade_id and kind in of_grades - set(wanted)]
    if not on and not off:
        return None
    answering = place_answering(grade.place, says.decided_by)
    known = catalogue(grade.path, at)[1].measures
    evidence: dict[str, Any] = {
        "disease": grade.disease,
        "level": grade.level,
        "grade": grade.pk,
        "on": on,
        "off": off,
        "restricts": [kind for kind in on if known[kind].restricts],
    }
    hours = site_rules().rule(CLOCK, at=local_day(at)).of(ClockParameters).within
    return Proposal(
        subject_id=grade.place_id,
        place_id=answering.pk,
        path=answering.path,
        key=f"{grade.disease}:{grade.level}",
        edition=edition.edition_id,
        evidence=evidence,
        due_at=at + timedelta(hours=hours),
    )
