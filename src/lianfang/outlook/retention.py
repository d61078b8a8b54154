"""How long runs are kept: all of the last days, and of each day before them the last one of each study.

What is dropped was superseded within its own day, and can be made again from the facts as they were known then; that it
was dropped is recorded with the study, how many, and of which days.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, QuerySet, Value, Window
from django.db.models.functions import RowNumber

from lianfang.common.clock import local_day, site_zone, start_of
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import Entry, record_many
from lianfang.outlook.events import OutlookEvent
from lianfang.outlook.models import Run, Study

_DAY = 86400
_BATCH = 500


def superseded(at: datetime) -> QuerySet[Any]:
    """Return the runs whose time is over: older than the days of which all are kept, and not the last of their day."""
    since = start_of(local_day(at) - timedelta(days=settings.OUTLOOK_KEEP_DAYS))
    offset = since.astimezone(site_zone()).utcoffset() or timedelta()
    second = ExpressionWrapper(F("at"), output_field=BigIntegerField())
    day = ExpressionWrapper(
        (second + Value(int(offset.total_seconds()))) / Value(_DAY), output_field=BigIntegerField()
    )
    from_the_last = Window(
        RowNumber(), partition_by=[F("study_id"), day], order_by=[F("at").desc(), F("pk").desc()]
    )
    old: QuerySet[Any] = Run.objects.filter(at__lt=since).annotate(_nth=from_the_last)
    return old.filter(_nth__gt=1)


def drop_superseded(*, at: datetime, by: Actor, studies: Iterable[int] | None = None) -> int:
    """Delete the runs whose time is over, 500 a transaction, and record it; return how many."""
    n, wanted = 0, None if studies is None else set(studies)
    ids = [(pk, study) for pk, study in superseded(at).values_list("pk", "study_id")]
    ids = [pair for pair in ids if wanted is None or pair[1] in wanted]
    for start in range(0, len(ids), _BATCH):
        n += _drop([pk for pk, _ in ids[start : start + _BATCH]], at=at, by=by)
    return n


@transaction.atomic
def _drop(ids: list[int], *, at: datetime, by: Actor) -> int:
    gone: dict[int, list[datetime]] = defaultdict(list)
    for study, moment in Run.objects.filter(pk__in=ids).order_by("at").values_list("study_id", "at"):
        gone[study].append(moment)
    Run.objects.filter(pk__in=ids).delete()
    studies = Study.objects.in_bulk(gone)
    entries = [
        Entry(
            subject=studies[pk],
            path=studies[pk].path,
            after={"dropped": len(moments), "from": moments[0].isoformat(), "to": moments[-1].isoformat()},
        )
        for pk, moments in sorted(gone.items())
    ]
    record_many(OutlookEvent.RUNS_DROPPED, entries, by=by, at=at)
    return sum(map(len, gone.values()))


def kept_runs() -> list[dict[str, Any]]:
    """Return the studies with how many runs are kept of each, the latest, and when the next is due; two queries."""
    counts = dict(Run.objects.order_by().values_list("study").annotate(Count("pk")))
    rows = Study.objects.select_related("latest", "place")
    return [
        {
            "method": study.method,
            "disease": study.disease,
            "area": study.place.code,
            "runs": counts.get(study.pk, 0),
            "latest": study.latest.at.isoformat() if study.latest and study.latest.at else "",
            "due": study.due_at.isoformat() if study.due_at else "",
        }
        for study in rows.order_by("method", "disease", "path")
    ]
