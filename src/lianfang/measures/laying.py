"""Work laid out over places: for every measure or step, one row in each place of the level that it names.

Written set-wise, and again for places that the register has gained since: what is there already stays as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet

from lianfang.common.bulk import insert_rows
from lianfang.common.clock import local_day, start_of
from lianfang.core.registry.models import Place
from lianfang.loop.touch import touch
from lianfang.measures.models import Activation, Measure, PlanStep, Work
from lianfang.measures.rules import level_of, works_of

# Work that comes again begins on the day of the decision where that leaves half a day for it, else on the next.
_HALF_DAY = timedelta(hours=12)


def newest_place() -> int:
    """Return the highest key of the register of places: what was laid out up to it knows them all."""
    return int(Place.objects.aggregate(last=Max("pk"))["last"] or 0)


def places_for(area: Place, level: int) -> QuerySet[Place]:
    """Return the places of a level within an area; the area itself where it lies at or below that level."""
    rows: QuerySet[Place] = Place.objects.filter(abolished_on__isnull=True)
    if area.level >= level:
        return rows.filter(pk=area.pk)
    return rows.filter(level=level, path__within=area.path)


def lay_out(measures: Sequence[Measure], *, at: datetime) -> int:
    """Write the work of measures in force that is not there yet; return how many pieces are new."""
    if not measures:
        return 0
    known = set(Work.objects.filter(measure__in=measures).values_list("measure_id", "code", "place_id"))
    held: dict[tuple[int, int], list[Place]] = {}
    rows = []
    for measure in measures:
        for code, spec in works_of(measure.edition, measure.kind).items():
            level = level_of(spec.level)
            key = (measure.place_id, level)
            if key not in held:
                held[key] = list(places_for(measure.place, level))
            begin = max(at, measure.occurred_at) if measure.laid_to else measure.occurred_at
            rows += [
                Work(
                    measure=measure,
                    code=code,
                    text={"en": spec.text.en, "zh": spec.text.zh},
                    place=place,
                    path=place.path,
                    capability=spec.capability,
                    within_hours=spec.within_hours or 0,
                    every_days=spec.every_days or 0,
                    **_begins(begin, again=spec.every_days is not None),
                )
                for place in held[key]
                if (measure.pk, code, place.pk) not in known
            ]
    insert_rows(rows)
    Measure.objects.filter(pk__in=[one.pk for one in measures]).update(laid_to=newest_place())
    touch(Work, [row.pk for row in rows], at=at)
    return len(rows)


def lay_out_steps(activation: Activation, steps: Iterable[PlanStep], *, at: datetime) -> list[Work]:
    """Write the work of every step of a plan in the area in which it was switched on."""
    rows = [
        Work(
            activation=activation,
            step=step,
            code=f"step_{step.n}",
            text={"en": step.text, "zh": step.text},
            place=place,
            path=place.path,
            capability=step.capability,
            unit=step.unit,
            within_hours=step.within_hours,
            every_days=step.every_days,
            **_begins(activation.from_at, again=step.every_days > 0),
        )
        for step in steps
        for place in ([activation.place] if step.unit_id else places_for(activation.place, step.level))
    ]
    insert_rows(rows)
    touch(Work, [row.pk for row in rows], at=at)
    return rows


def _begins(begin: datetime, *, again: bool) -> Mapping[str, Any]:
    if not again:
        return {"from_at": begin, "from_on": local_day(begin)}
    on = local_day(begin + _HALF_DAY)
    return {"from_at": start_of(on), "from_on": on}


def end_work(works: QuerySet[Any], *, ended_at: datetime, at: datetime) -> int:
    """End work with what asked for it, or with its place; return how many pieces. What had not begun never does."""
    ids = list(works.filter(until_at__isnull=True).values_list("pk", flat=True))
    Work.objects.filter(pk__in=ids).update(until_at=ended_at, until_on=local_day(ended_at))
    touch(Work, ids, at=at)
    return len(ids)
