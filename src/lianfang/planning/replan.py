"""Planning the open lines of a proposal anew, by the facts of now."""

from datetime import datetime

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import record
from lianfang.planning.beds import plan_beds, told_of
from lianfang.planning.events import PlanningEvent
from lianfang.planning.models import Decision, Line, Proposal

_BY = Actor.system("planning.replan")
_PLAIN = ("rank", "km", "levels_up", "reason", "others")
_COLUMNS = ("ward", *_PLAIN)
_OPEN = {"decision": "", "decided_ward": None, "decided_because": "", "decided_by": None, "decided_at": None}


@transaction.atomic
def plan_anew(proposal: Proposal, at: datetime) -> int:
    """Plan the open lines of a proposal by the facts of now; return how many came out otherwise.

    Lines whose request has gone are overtaken, and open again where the patient waits after all. Who began to wait
    since stands in it, too. What a person accepted, altered or refused stays; of a bound on transports what is left counts.
    """
    row = Proposal.objects.select_for_update().get(pk=proposal.pk)
    lines = {line.request_id: line for line in row.lines.all()}
    settled = {pk for pk, line in lines.items() if line.decision not in {"", Decision.OVERTAKEN}}
    at_most = row.rules.get("at_most")
    if at_most is not None:
        given = sum(line.decision in {Decision.ACCEPTED, Decision.ALTERED} for line in lines.values())
        at_most = max(at_most - given, 0)
    changed, new, planned = [], [], set()
    for told in told_of(*plan_beds(row.path, at, at_most=at_most, without=settled)):
        line = lines.get(told["request"].pk)
        if line is None:
            new.append(Line(proposal=row, **told))
            continue
        planned.add(line.pk)
        ward = told["ward"]
        is_same = line.ward_id == (ward and ward.pk) and all(
            getattr(line, name) == told[name] for name in _PLAIN
        )
        if line.decision or not is_same:
            for name, value in (told | _OPEN).items():
                setattr(line, name, value)
            changed.append(line)
    gone = [line for line in lines.values() if not line.decision and line.pk not in planned]
    n = len(changed) + len(new) + len(gone)
    if n:
        Line.objects.filter(pk__in=[line.pk for line in gone]).update(
            decision=Decision.OVERTAKEN, decided_at=at
        )
        # An upsert: updating thousands of rows by their keys costs ten times as much in Django.
        columns = [*_COLUMNS, *_OPEN]
        Line.objects.bulk_create(
            changed, batch_size=500, update_conflicts=True, unique_fields=["pk"], update_fields=columns
        )
        Line.objects.bulk_create(new, batch_size=500)
        Proposal.objects.filter(pk=row.pk).update(replanned_at=at)
        after = {"changed": len(changed), "new": len(new), "gone": len(gone)}
        record(PlanningEvent.REPLANNED, subject=row, by=_BY, at=at, after=after)
    return n
