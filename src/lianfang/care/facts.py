"""Reading what is on file about many patients at once, in the form in which the rules of care look at it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lianfang.care.models import BedRequest, Departure, FollowUp, Journey, Round, Stay
from lianfang.cases.facts import Known, known_of, rule_facts
from lianfang.common.clock import site_zone
from lianfang.rulebook.facts import Assessment, CaseFacts, Imaging, Temperature, Vitals

RESPIRATORY = "respiratory_symptoms"


@dataclass(slots=True)
class Course:
    """Everything on file about one patient's care, as it holds now, oldest first."""

    known: Known = field(default_factory=Known)
    rounds: list[Round] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    requests: list[BedRequest] = field(default_factory=list)
    set_out: dict[int, datetime] = field(default_factory=dict)  # by request
    departures: list[Departure] = field(default_factory=list)
    follow_ups: list[FollowUp] = field(default_factory=list)


def courses_of(case_ids: Iterable[int]) -> dict[int, Course]:
    """Return the course of each case; a constant number of queries, however many cases."""
    ids = list(case_ids)
    found: dict[int, Course] = defaultdict(Course)
    for case_id, known in known_of(ids).items():
        found[case_id].known = known
    parts: tuple[tuple[str, Any], ...] = (
        ("rounds", Round.objects.current()),
        ("stays", Stay.objects.current().select_related("bed__ward")),
        ("departures", Departure.objects.current()),
        ("follow_ups", FollowUp.objects.current()),
    )
    for name, rows in parts:
        for row in rows.filter(case_id__in=ids).order_by("occurred_at", "pk"):
            getattr(found[row.case_id], name).append(row)
    for request in BedRequest.objects.filter(case_id__in=ids).order_by("asked_at", "pk"):
        found[request.case_id].requests.append(request)
    steps = Journey.objects.filter(request__case_id__in=ids, step=Journey.Step.SET_OUT)
    for case_id, request_id, moment in steps.values_list("request__case_id", "request_id", "at"):
        found[case_id].set_out[request_id] = moment
    return found


def clinical_facts(course: Course) -> CaseFacts:
    """Return the facts that discharge looks at: those of the case, and what was seen on rounds and visits."""
    facts = rule_facts(course.known)
    zone = site_zone()
    seen: list[Any] = [*course.rounds, *course.follow_ups]
    return replace(
        facts,
        temperatures=facts.temperatures
        + tuple(
            Temperature(row.occurred_at.astimezone(zone), row.temperature) for row in seen if row.temperature
        ),
        imaging=facts.imaging + images(course),
        assessments=facts.assessments
        + tuple(
            Assessment(RESPIRATORY, row.respiratory, row.occurred_at.astimezone(zone))
            for row in course.rounds
            if row.respiratory
        ),
    )


def images(course: Course) -> tuple[Imaging, ...]:
    """Return the images seen on rounds and visits."""
    zone = site_zone()
    of_rounds = tuple(
        Imaging(
            at=row.occurred_at.astimezone(zone),
            findings=frozenset(row.imaging),
            progress_percent=row.progress_percent,
            progress_hours=row.progress_hours,
        )
        for row in course.rounds
        if row.imaging or row.progress_percent is not None
    )
    of_visits = tuple(
        Imaging(at=row.occurred_at.astimezone(zone), findings=frozenset(row.imaging))
        for row in course.follow_ups
        if row.imaging
    )
    return of_rounds + of_visits


def vitals(row: Round) -> Vitals:
    """Return what severity is judged by, from one round."""
    return Vitals(
        respiratory_rate=row.respiratory_rate,
        spo2=row.spo2,
        pao2_fio2=row.pao2_fio2,
        altitude_m=row.altitude_m,
        ventilated_respiratory_failure=row.ventilated,
        shock=row.shock,
        organ_failure_in_icu=row.organ_failure,
    )
