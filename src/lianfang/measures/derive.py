"""What the loop does for measures: proposals after a grade, decisions made on the page of findings, new places, drills."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet

from lianfang.common.clock import local_day, start_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.access.selectors import actor_for
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.derivation import Derivation, derivations
from lianfang.loop.models import Finding
from lianfang.measures.drilling import run_drill
from lianfang.measures.events import MeasureEvent
from lianfang.measures.laying import end_work, lay_out, newest_place
from lianfang.measures.models import Drill, Measure, Scenario, Work
from lianfang.measures.scenarios import run_scenario
from lianfang.measures.selectors import confirmed_elsewhere
from lianfang.measures.services import carry_out
from lianfang.measures.switching import FINDING, propose_switches
from lianfang.regions.models import Grade


@derivations.add
class Switches(Derivation):
    """A grade that was confirmed, or a measure that began or ended, changes what is proposed for the place."""

    model = Place
    watches: ClassVar[Any] = {
        "regions.Grade": lambda ids: Place.objects.filter(
            pk__in=Grade.objects.filter(pk__in=ids).values("place_id")
        ),
        "measures.Measure": lambda ids: Place.objects.filter(
            pk__in=Measure.objects.filter(pk__in=ids).values("place_id")
        ),
    }

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002 - a new edition may ask for other measures
        graded = Grade.objects.current().values("place_id")
        return Place.objects.filter(pk__in=graded).order_by("pk").values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        done = propose_switches(ids, at=at)
        return done.found + done.changed + done.withdrawn


@derivations.add
class ConfirmedSwitches(Derivation):
    """A proposal that was confirmed on the page of findings is carried out, if the person may decide on measures."""

    model = Finding
    watches: ClassVar[Any] = {"loop.Finding": lambda ids: Finding.objects.filter(pk__in=ids, kind=FINDING)}

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        ids = [finding.pk for finding, _ in confirmed_elsewhere()]
        return Finding.objects.filter(pk__in=ids).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        wanted, written = set(ids), 0
        for finding, judgement in confirmed_elsewhere():
            grade = Grade.objects.current().filter(pk=finding.evidence["grade"]).select_related("place")
            if finding.pk not in wanted or judgement.by is None or not (held := grade.first()):
                continue
            by = actor_for(judgement.by, judgement.at)
            if not by.may(Permission.MEASURE_DECIDE, held.path):
                continue  # it stays in the list of proposals, where somebody who may decides
            evidence, reason = finding.evidence, judgement.reason
            carry_out(
                finding=finding,
                grade=held,
                on=evidence["on"],
                off=evidence["off"],
                reason=reason,
                by=by,
                at=at,
            )
            written += 1
        return written


@derivations.add
class LaidOut(Derivation):
    """Work of measures in force is laid out over places that the register has gained since."""

    model = Measure

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        rows = Measure.objects.in_force().filter(laid_to__lt=newest_place())
        return rows.order_by("pk").values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        rows = Measure.objects.in_force().filter(pk__in=list(ids)).select_related("place")
        n = lay_out(list(rows), at=at)
        if n:
            record(MeasureEvent.ASSIGNED, by=Actor.system("measures.work"), at=at, after={"pieces": n})
        return n


@derivations.add
class Abolished(Derivation):
    """Work of a place that was abolished ends with the place; its successor has, or is given, its own."""

    model = Place

    def stale(self, at: datetime) -> QuerySet[Any]:
        gone = Place.objects.filter(abolished_on__lte=local_day(at))
        return gone.filter(Exists(_work_left(OuterRef("pk")))).order_by("pk").values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        written = 0
        for place in Place.objects.filter(pk__in=list(ids), abolished_on__lte=local_day(at)):
            written += end_work(_work_left(place.pk), ended_at=start_of(place.abolished_on), at=at)
        if written:
            record(MeasureEvent.ASSIGNED, by=Actor.system("measures.work"), at=at, after={"ended": written})
        return written


def _work_left(place: Any) -> QuerySet[Work]:
    return Work.objects.filter(place_id=place, until_at__isnull=True)


@derivations.add
class Drills(Derivation):
    """A drill that was asked for is made."""

    model = Drill
    watches: ClassVar[Any] = {"measures.Drill": lambda ids: Drill.objects.filter(pk__in=ids)}

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        rows = Drill.objects.filter(status=Drill.Status.WAITING)
        return rows.order_by("pk").values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        rows = Drill.objects.filter(pk__in=list(ids), status=Drill.Status.WAITING)
        return sum(run_drill(drill, at=at) for drill in rows.select_related("plan__place", "place"))


@derivations.add
class Scenarios(Derivation):
    """A scenario that was asked for is computed."""

    model = Scenario
    watches: ClassVar[Any] = {"measures.Scenario": lambda ids: Scenario.objects.filter(pk__in=ids)}

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        rows = Scenario.objects.filter(status=Scenario.Status.WAITING)
        return rows.order_by("pk").values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        rows = Scenario.objects.filter(pk__in=list(ids), status=Scenario.Status.WAITING)
        return sum(run_scenario(row, at=at) for row in rows.select_related("place"))
