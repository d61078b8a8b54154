"""The six stages of a signal - collect, analyse, assess, push, verify, feed back - put together from intake, cases and loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from lianfang.cases.models import Case, Report, Result, Sample, StatusChange
from lianfang.core.access.actor import Actor
from lianfang.intake.models import Signal, SignalStatus, Trace
from lianfang.intake.selectors import records_of, signals_behind
from lianfang.loop.selectors import LoopTrace, trace_of


class Stage(StrEnum):
    """The stages that a signal goes through."""

    COLLECT = "collect"
    ANALYSE = "analyse"
    ASSESS = "assess"
    PUSH = "push"
    VERIFY = "verify"
    FEED_BACK = "feed_back"


@dataclass(frozen=True, kw_only=True)
class Story:
    """Everything that happened to a signal: what came of it, what the machine and people made of that, who owed what."""

    signal: Signal
    repairs: Sequence[Signal]  # the signals by which this one was repaired, in order
    records: Sequence[Trace]
    changes: Sequence[StatusChange]
    loop: LoopTrace

    @property
    def reached(self) -> frozenset[Stage]:
        """The stages of which something has happened."""
        loop = self.loop
        happened = {
            Stage.COLLECT: True,
            Stage.ANALYSE: self.signal.status != SignalStatus.RECEIVED,
            Stage.ASSESS: bool(loop.judgements or self.changes),
            Stage.PUSH: bool(loop.tasks),
            Stage.VERIFY: any(task.met_at is not None for task in loop.tasks)
            or any(check.accepted is not None for check in loop.verifications),
            Stage.FEED_BACK: bool(loop.feedback),
        }
        return frozenset(stage for stage, did in happened.items() if did)


def story_of(actor: Actor, signal: Signal) -> Story:
    """Return the six stages of a signal as far as `actor` may see them; some ten queries."""
    records = [*records_of(signal), *_opened_later(signal)]
    cases = [trace.record_id for trace in records if trace.record == Case._meta.label]  # noqa: SLF001 - Meta API
    visible = Case.objects.visible_to(actor).filter(pk__in=cases)
    changes = StatusChange.objects.filter(case__in=visible).select_related("case", "by").order_by("at", "pk")
    return Story(
        signal=signal,
        repairs=list(signal.replaced_by.order_by("pk")),
        records=records,
        changes=list(changes),
        loop=trace_of(actor, [(trace.record, trace.record_id) for trace in records], signal_id=signal.pk),
    )


def _opened_later(signal: Signal) -> list[Trace]:
    """Return the case that a person opened after looking at what the signal brought, such as a reading at a gate.

    The taking in of the signal could not know of it: it is found by its report, which names the signal.
    """
    label = Case._meta.label  # noqa: SLF001
    known = Trace.objects.filter(signal=signal, record=label).values("record_id")
    reports = Report.objects.filter(signal_id=signal.pk).exclude(case_id__in=known).order_by("pk")
    return [
        Trace(signal=signal, record=record, record_id=pk, created=True)
        for report, case in reports.values_list("pk", "case_id")
        for record, pk in ((label, case), (Report._meta.label, report))  # noqa: SLF001
    ]


def signals_of_case(case: Case) -> QuerySet[Any]:
    """Return the signals that the case, its reports, samples or results came of; the caller narrows to what may be seen."""
    facts = {
        model._meta.label: list(model.objects.filter(case=case).values_list("pk", flat=True))  # noqa: SLF001
        for model in (Report, Sample, Result)
    }
    named = Report.objects.filter(case=case, signal_id__isnull=False).values("signal_id")
    return signals_behind({Case._meta.label: [case.pk], **facts}) | Signal.objects.filter(pk__in=named)  # noqa: SLF001
