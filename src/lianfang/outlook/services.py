"""What can be done about links of chains and foci. Each act writes its fact, marks what follows, and is recorded."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from lianfang.cases.models import Case
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.loop.touch import touch
from lianfang.outlook.errors import ClosesACircle, NotALink, ReasonNeeded, RulingGone
from lianfang.outlook.events import OutlookEvent
from lianfang.outlook.models import Focus, Inspection, SourceDecision, SourceRuling
from lianfang.outlook.runs import mark_studies


@transaction.atomic
def rule_on_source(
    *, case: Case, source: Case | None, decision: str, reason: str, by: Actor, at: datetime
) -> SourceRuling:
    """Decide that `source` infected the case, or did not, or that the source lies outside the cases on file.

    The next run takes it as given, and is due at once. A new decision replaces the one that it contradicts.
    """
    by.require(Permission.FINDING_JUDGE, case.path)
    if not reason.strip():
        raise ReasonNeeded
    source = None if decision == SourceDecision.OUTSIDE else source
    _refuse_impossible(case, source, decision)
    row = SourceRuling(
        case=case,
        source=source,
        decision=decision,
        reason=reason.strip(),
        occurred_at=at,
        recorded_at=at,
        recorded_by_id=by.user_id,
    )
    standing = SourceRuling.objects.current().filter(case=case)
    old = (
        standing.filter(source=source)
        if decision == SourceDecision.REJECTED
        else standing.exclude(decision=SourceDecision.REJECTED) | standing.filter(source=source)
    )
    replaced = list(old.values_list("pk", flat=True))
    SourceRuling.objects.filter(pk__in=replaced).update(superseded_at=at)
    row.save(force_insert=True)
    SourceRuling.objects.filter(pk__in=replaced).update(superseded_by=row)
    after = {"decision": decision, "source": source.number if source else None}
    record(OutlookEvent.SOURCE_RULED, subject=case, by=by, at=at, reason=reason.strip(), after=after)
    _follow(case, source, at)
    return row


def _refuse_impossible(case: Case, source: Case | None, decision: str) -> None:
    if decision not in SourceDecision.values:
        raise NotALink(source="?", case=case.number, reason=gettext("no such decision: %s") % decision)
    if decision == SourceDecision.OUTSIDE:
        return
    if source is None or source.pk == case.pk or source.disease != case.disease:
        named = source.number if source else "?"
        reason = gettext("it is not another case of the same disease")
        raise NotALink(source=named, case=case.number, reason=reason)
    if decision == SourceDecision.CONFIRMED:
        confirmed = SourceRuling.objects.current().filter(
            decision=SourceDecision.CONFIRMED, case__disease=case.disease
        )
        above = dict(confirmed.values_list("case_id", "source_id"))
        step: int | None = source.pk
        while step is not None:
            if step == case.pk:
                raise ClosesACircle(source=source.number, case=case.number)
            step = above.get(step)


@transaction.atomic
def withdraw_ruling(*, ruling: SourceRuling, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a decision on a link: it stays on file, says why, and no longer counts."""
    by.require(Permission.FINDING_JUDGE, ruling.case.path)
    if not reason.strip():
        raise ReasonNeeded
    held = SourceRuling.objects.filter(pk=ruling.pk, superseded_at__isnull=True)
    if not held.update(superseded_at=at, withdrawn_because=reason.strip()):
        raise RulingGone
    before = {"decision": ruling.decision, "source": ruling.source.number if ruling.source else None}
    record(OutlookEvent.RULING_WITHDRAWN, subject=ruling.case, by=by, at=at, reason=reason, before=before)
    _follow(ruling.case, ruling.source, at)


def _follow(case: Case, source: Case | None, at: datetime) -> None:
    ids = {case.pk} | ({source.pk} if source else set())
    touch(Case, ids, at=at)
    mark_studies(ids, at=at, at_once=True)


@transaction.atomic
def record_inspection(
    *, focus: Focus, looked_at: datetime, measures: str, by: Actor, at: datetime, **counts: Any
) -> Inspection:
    """Record that somebody looked into a special place or cluster: how many were there and ill, and what was done."""
    by.require(Permission.CASE_INVESTIGATE, focus.path)
    if not measures.strip():
        raise ReasonNeeded
    row = Inspection.objects.create(
        focus=focus,
        measures=measures.strip(),
        occurred_at=looked_at,
        recorded_at=at,
        recorded_by_id=by.user_id,
        **counts,
    )
    record(OutlookEvent.INSPECTED, subject=focus, by=by, at=at, after={**counts, "measures": measures})
    touch(Focus, [focus.pk], at=at)
    return row
