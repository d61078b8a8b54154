"""How the duties of foci come to be owed: a special place, a cluster."""

from typing import Any

from tests.conformance.histories.cases import event_unword
from tests.conformance.histories.stage import Stage, Story, confirmed

from lianfang.cases import services as cases
from lianfang.loop.models import Task
from lianfang.loop.services import complete_task
from lianfang.loop.worker import turn
from lianfang.outlook import services as outlook
from lianfang.outlook.models import Focus, Inspection


def _focus(stage: Stage, **wanted: Any) -> int:
    turn(at=stage.at)
    focus = (
        Focus.objects.filter(gone_at=None, **wanted).exclude(pk__in=Inspection.objects.values("focus")).last()
    )
    assert focus is not None
    return int(focus.pk)


def _at_a_care_home(stage: Stage) -> int:
    case = confirmed(stage)
    cases.record_epi_link(
        case=case,
        kind="contact_with_infected",
        place_text=f"care home {case.number}",
        by=stage.by,
        at=stage.at,
    )
    return _focus(stage, special="care_home")


def _inspect(stage: Stage, pk: int) -> None:
    outlook.record_inspection(
        focus=Focus.objects.get(pk=pk),
        looked_at=stage.at,
        measures="closed the ward",
        by=stage.by,
        at=stage.at,
    )


def _uninspect(stage: Stage, pk: int) -> None:
    Inspection.objects.filter(focus_id=pk).update(superseded_at=stage.at)
    stage.noted(Focus, pk)


def _two_in_a_factory(stage: Stage) -> int:
    first, second = confirmed(stage), confirmed(stage)
    for case in (first, second):
        cases.record_epi_link(
            case=case,
            kind="contact_with_infected",
            place_text=f"shop {first.number}",
            by=stage.by,
            at=stage.at,
        )
    return _focus(stage, kind="venue", is_cluster=True, special="")


def _cluster_word(stage: Stage, pk: int) -> None:
    turn(at=stage.at)
    task = Task.objects.get(duty="outlook.report_cluster", subject_id=pk)
    complete_task(task=task, by=stage.by, at=stage.at)


STORIES: dict[str, Story] = {
    "outlook.inspect": Story(_at_a_care_home, _inspect, _uninspect, kind=""),
    "outlook.report_cluster": Story(_two_in_a_factory, _cluster_word, event_unword, kind=""),
}
