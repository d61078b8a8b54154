"""Planning the open lines of a proposal anew, by the facts of now."""

from datetime import datetime

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import record
from lianfang.planning.beds import plan_beds, told_of
from lianfang.planning.events import PlanningEvent
from lianfang.planning.models import Decision, Line, Proposal

_BY = Actor.system("planning.replan")
_COLUMNS = ("ward", "rank", "km", "levels_up", "reason", "others")
_OPEN = {"decision": "", "decided_ward": None, "decided_because": "", "decided_by": None, "decided_at": None}


@transaction.atomic
def plan_anew(proposal: Proposal, at: datetime) -> int:
    """Plan the open lines of a proposal by the facts of now; return how many came out otherwise.

    Lines whose request has gone are overtaken, and open again where the patient waits after all. Who began to wait
    since stands in it, too. What a person accepted, altered or refused stays; of a bound on transports what is left counts.
    """
    row = Proposal.objects.select_for_update().get(pk=proposal.pk)
    lines = {line.request_id: line for line in row.lines.select_related("request")}
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
        if line.decision or any(getattr(line, name) != told[name] for name in _COLUMNS):
            for name, value in (told | _OPEN).items():
                setattr(line, name, value)
            changed.append(line)
    gone = [line for line in lines.values() if not line.decision and line.pk not in planned]
    for line in gone:
        line.decision, line.decided_at = Decision.OVERTAKEN, at
    n = len(changed) + len(new) + len(gone)
    if n:
        Line.objects.bulk_update(changed, [*_COLUMNS, *_OPEN], batch_size=500)
        Line.objects.bulk_update(gone, ["decision", "decided_at"], batch_size=500)
        Line.objects.bulk_create(new, batch_size=500)
        Proposal.objects.filter(pk=row.pk).update(replanned_at=at)
        after = {"changed": len(changed), "new": len(new), "gone": len(gone)}
        record(PlanningEvent.REPLANNED, subject=row, by=_BY, at=at, after=after)
    return n
