"""Making a proposal, and a person's decision on each of its lines."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from lianfang.care.errors import NoBedFree, RequestClosed, WardDoesNotSuit
from lianfang.care.models import Ward
from lianfang.care.services import give_bed
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.planning.beds import optimiser_version, plan_beds, told_of
from lianfang.planning.errors import LineDecided
from lianfang.planning.events import PlanningEvent
from lianfang.planning.models import Decision, Line, Proposal


@transaction.atomic
def propose_beds(*, place: Place, by: Actor, at: datetime, at_most: int | None = None) -> Proposal:
    """Propose a bed for everybody who waits in an area, with the reason for each, and for each who gets none.

    `at_most` is how many can be moved now, as where ambulances are few; None sets no bound.
    """
    by.require(Permission.BED_ASSIGN, place.path)
    requests, wards, plan = plan_beds(place.path, at, at_most=at_most)
    proposal = Proposal.objects.create(
        place=place,
        path=place.path,
        at=at,
        by_id=by.user_id,
        version=optimiser_version(),
        rules={
            "levels_up": plan.rules.levels_up,
            "up_km": plan.rules.up_km,
            "load_km": plan.rules.load_km,
            "at_most": at_most,
        },
        n_waiting=len(requests),
        n_beds=int(sum(plan.pools.free)),
        n_placed=int(plan.placed.sum()),
    )
    lines = [Line(proposal=proposal, **told) for told in told_of(requests, wards, plan)]
    Line.objects.bulk_create(lines, batch_size=500)
    after = {"waiting": proposal.n_waiting, "placed": proposal.n_placed}
    record(PlanningEvent.PROPOSED, subject=proposal, by=by, at=at, after=after)
    return proposal


def accept_lines(
    *, lines: Iterable[Line], by: Actor, at: datetime, shown: Mapping[int, int] | None = None
) -> dict[str, int]:
    """Accept lines as proposed; return how many were given, overtaken by what happened since, or changed.

    `shown` says which ward the reader saw for a line: what was planned anew since is changed, and not given.
    """
    counts = {"accepted": 0, "overtaken": 0, "changed": 0}
    for line in lines:
        if shown is not None and shown.get(line.pk) != line.ward_id:
            counts["changed"] += 1
        elif line.ward is not None and not line.decision:
            counts[_decide(line, line.ward, Decision.ACCEPTED, "", by=by, at=at)] += 1
    return counts


def alter_line(*, line: Line, ward: Ward, reason: str, by: Actor, at: datetime) -> str:
    """Give another ward than the one proposed, with the reason; return the decision as it came out."""
    return _decide(line, ward, Decision.ALTERED, reason, by=by, at=at)


@transaction.atomic
def refuse_line(*, line: Line, reason: str, by: Actor, at: datetime) -> None:
    """Refuse a line: the patient goes on waiting, and the reason is kept."""
    by.require(Permission.BED_ASSIGN, line.proposal.path)
    _require_open(line)
    _write(line, Decision.REFUSED, None, reason, by=by, at=at)


@transaction.atomic
def _decide(line: Line, ward: Ward, decision: Decision, reason: str, *, by: Actor, at: datetime) -> str:
    by.require(Permission.BED_ASSIGN, line.proposal.path)
    _require_open(line)
    try:
        give_bed(request=line.request, ward=ward, by=by, at=at)
    except (NoBedFree, RequestClosed, WardDoesNotSuit) as error:
        _write(line, Decision.OVERTAKEN, ward, error.code, by=by, at=at)
        return "overtaken"
    _write(line, decision, ward, reason, by=by, at=at)
    return str(decision)


def _require_open(line: Line) -> None:
    """Raise LineDecided where a person has decided; two at once come one after the other."""
    standing = Line.objects.select_for_update().get(pk=line.pk)
    if standing.decision:
        raise LineDecided(decision=standing.get_decision_display())


def _write(
    line: Line, decision: Decision, ward: Ward | None, reason: str, *, by: Actor, at: datetime
) -> None:
    line.decision, line.decided_ward, line.decided_because = decision, ward, reason
    line.decided_by_id, line.decided_at = by.user_id, at
    line.save(update_fields=["decision", "decided_ward", "decided_because", "decided_by", "decided_at"])
    after = {"line": line.rank, "decision": str(decision), "ward": ward.pk if ward else None}
    record(PlanningEvent.DECIDED, subject=line.proposal, by=by, at=at, reason=reason, after=after)
