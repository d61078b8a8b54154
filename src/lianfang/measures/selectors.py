"""What pages, the interface and other apps read of measures: in force, proposed, work done, plans and drills."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Unit
from lianfang.loop.models import Decision, Finding, Judgement, Status, Task
from lianfang.measures.duties import CODES
from lianfang.measures.models import Activation, Measure, Plan, Response, Work, WorkReport
from lianfang.measures.switching import FINDING


def measures_in(actor: Actor, path: str) -> QuerySet[Measure]:
    """Return the measures in force in an area and below, those to be looked at first at the top."""
    rows: QuerySet[Measure] = Measure.objects.visible_in(actor, path).in_force()
    return rows.select_related("place", "recorded_by", "grade").order_by("review_on", "path", "kind")


def measures_over(actor: Actor, path: str) -> QuerySet[Measure]:
    """Return the measures that were ended, the last ones first."""
    rows: QuerySet[Measure] = Measure.objects.visible_in(actor, path).filter(until_at__isnull=False)
    return rows.select_related("place", "ended_by").order_by("-until_at", "-pk")


def measures_holding(path: str, at: datetime) -> QuerySet[Measure]:
    """Return the measures that hold at a place at a moment: decided for it, or for an area around it."""
    steps = path.rstrip(".").split(".")
    around = [".".join(steps[:n]) + "." for n in range(1, len(steps) + 1)]
    rows: QuerySet[Measure] = Measure.objects.current().at(at).filter(path__in=around)
    return rows.order_by("path", "kind")


def response_in(actor: Actor, path: str) -> QuerySet[Response]:
    """Return the response levels in force in an area and below."""
    rows: QuerySet[Response] = Response.objects.visible_in(actor, path).in_force()
    return rows.select_related("place", "recorded_by").order_by("path", "disease")


def waiting_switches(actor: Actor, path: str) -> list[Finding]:
    """Return the proposals to switch measures on or off that wait for a decision of the actor, the most urgent first.

    One that somebody confirmed who may not decide on measures waits as before.
    """
    rows = Finding.objects.visible_to(actor).standing().filter(kind=FINDING, path__within=path)
    newest = _newest([row.pk for row in rows])
    return [
        row
        for row in rows.select_related("place").order_by("due_at", "pk")
        if row.pk not in newest or newest[row.pk].decision == Decision.CONFIRMED
    ]


def get_switch(actor: Actor, pk: int) -> Finding:
    """Return a proposal to switch measures that the actor may decide on, or raise NotVisible."""
    found: Finding = Finding.objects.select_related("place").get_visible(
        actor, Permission.MEASURE_DECIDE, kind=FINDING, pk=pk
    )
    return found


def confirmed_elsewhere() -> list[tuple[Finding, Judgement]]:
    """Return the proposals that a person confirmed on the page of findings and that are not carried out yet."""
    rows = {row.pk: row for row in Finding.objects.standing().filter(kind=FINDING)}
    newest = _newest(list(rows))
    return [
        (rows[pk], one)
        for pk, one in sorted(newest.items())
        if one.decision == Decision.CONFIRMED and one.at >= rows[pk].found_at
    ]


def _newest(findings: Sequence[int]) -> dict[int, Judgement]:
    rows = Judgement.objects.filter(finding_id__in=findings).select_related("by").order_by("pk")
    return {one.finding_id: one for one in rows}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How the work of a measure or plan goes: pieces, and their tasks that are done, open, late and missed."""

    code: str
    text: dict[str, str]
    n_places: int
    every_days: int
    within_hours: int
    n_done: int
    n_open: int
    n_late: int
    n_found: int

    @property
    def share(self) -> float | None:
        """The share of all that came due or was done that is done; None where nothing was owed yet."""
        n = self.n_done + self.n_late
        return self.n_done / n if n else None


def serving(works: QuerySet[Work]) -> QuerySet[Work]:
    """Return the pieces of work that do what these ask for: themselves, and the same round of another measure there."""
    same = {name: OuterRef(name) for name in ("place_id", "code", "every_days", "within_hours")}
    asked = Exists(works.order_by().filter(measure__isnull=False, **same))
    return Work.objects.filter(Q(pk__in=works.order_by().values("pk")) | Q(asked, measure__isnull=False))


def tasks_of(works: QuerySet[Work]) -> QuerySet[Task]:
    """Return the tasks of some work since the first of it began; a round that another measure asks for, too, is one task."""
    first = works.aggregate(first=Min("from_at"))["first"]
    rows = Task.objects.filter(duty__in=CODES, subject_id__in=serving(works).values("pk"))
    return rows.filter(due_at__gte=first) if first is not None else rows.none()


def progress_of(works: QuerySet[Work], at: datetime) -> list[Progress]:
    """Return how each kind of work goes, in a few queries."""
    rows = list(
        works.order_by()
        .values("code", "within_hours", "every_days")
        .annotate(n=Count("place", distinct=True), last=Max("pk"), first=Min("from_at"))
        .order_by("code")
    )
    if not rows:
        return []
    texts = {row.pk: row.text for row in Work.objects.filter(pk__in=[r["last"] for r in rows])}
    code_of = dict(serving(works).values_list("pk", "code"))
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    by_work = tasks_of(works).order_by().values_list("subject_id")
    for subject, *numbers in by_work.annotate(
        done=Count("pk", filter=Q(status=Status.DONE)),
        open=Count("pk", filter=Q(status=Status.OPEN, due_at__gte=at)),
        late=Count("pk", filter=Q(status=Status.OPEN, due_at__lt=at)),
    ):
        counted[code_of[subject]] = [m + n for m, n in zip(counted[code_of[subject]], numbers, strict=True)]
    reports = WorkReport.objects.current().filter(
        work__in=serving(works), work__code__in=[r["code"] for r in rows]
    )
    reports = reports.filter(occurred_at__gte=min(row["first"] for row in rows))
    found = dict(reports.order_by().values_list("work__code").annotate(n=Sum("n_found")))
    return [
        Progress(
            code=row["code"],
            text=texts[row["last"]],
            n_places=row["n"],
            every_days=row["every_days"],
            within_hours=row["within_hours"],
            n_done=counted[row["code"]][0],
            n_open=counted[row["code"]][1],
            n_late=counted[row["code"]][2],
            n_found=found.get(row["code"]) or 0,
        )
        for row in rows
    ]


def plans_in(actor: Actor, path: str) -> QuerySet[Plan]:
    """Return the plans of an area and of those above it that can be used here, the approved first."""
    steps = path.rstrip(".").split(".") if path else []
    above = [".".join(steps[:n]) + "." for n in range(1, len(steps))]
    mine = Plan.objects.visible_to(actor)
    rows: QuerySet[Plan] = mine.filter(Q(path__within=path) | Q(path__in=above))
    return (
        rows.select_related("place", "owner")
        .annotate(
            n_steps=Count("steps", distinct=True),
            n_on=Count("activations", filter=Q(activations__until_at__isnull=True), distinct=True),
            drilled_at=Max("drills__done_at", filter=Q(drills__status="done")),
        )
        .order_by("status", "path", "title", "pk")
    )


def activations_in(actor: Actor, path: str) -> QuerySet[Activation]:
    """Return the plans that are switched on in an area now."""
    rows: QuerySet[Activation] = Activation.objects.visible_in(actor, path).filter(until_at__isnull=True)
    return rows.select_related("plan", "place", "by").order_by("from_at")


def units_at_work(works: QuerySet[Work], at: datetime) -> list[dict[str, Any]]:
    """Return what each unit has to do of some work: open, late and done, the latest first."""
    tasks = tasks_of(works).exclude(status=Status.VOID)
    rows: Iterable[Any] = (
        tasks.order_by()
        .values("unit_id")
        .annotate(
            n=Count("pk"),
            done=Count("pk", filter=Q(status=Status.DONE)),
            late=Count("pk", filter=Q(status=Status.OPEN, due_at__lt=at)),
        )
        .order_by("-late", "unit__path", "unit_id")
    )
    found = list(rows)
    units = Unit.objects.select_related("place").in_bulk([row["unit_id"] for row in found])
    return [row | {"unit": units[row["unit_id"]]} for row in found]
