"""How the duties of measures and plans come to be owed, are proved, and are not proved after all."""

from datetime import timedelta
from typing import Any

from tests.conformance.histories.stage import DISEASE, Stage, Story

from lianfang.common.clock import local_day
from lianfang.measures import services
from lianfang.measures.models import Measure, Plan, Review, Work, WorkReport


def begin(stage: Stage, kind: str) -> Measure:
    """Put a measure in force in a township that has none of the kind yet: a new one each time."""
    held = Measure.objects.in_force().filter(kind=kind).values("place_id")
    rows = [
        p for p in stage.world.places.values() if p.level >= 3 and p.pk not in {h["place_id"] for h in held}
    ]
    return services.begin_measure(
        place=rows[0], disease=DISEASE, kind=kind, reason="the grade", by=stage.by, at=stage.at
    )


def _work(kind: str) -> Any:
    def owe(stage: Stage) -> int:
        row = begin(stage, kind)
        first = Work.objects.filter(measure=row).earliest("pk")
        stage.at = max(stage.at, first.from_at + timedelta(hours=1))
        Work.objects.filter(measure=row).exclude(pk=first.pk).delete()
        return int(stage.noted(Work, first.pk))

    return owe


def _report(stage: Stage, pk: int) -> None:
    work = Work.objects.get(pk=pk)
    services.report_work(work=work, n_done=40, n_found=1, by=stage.by, at=stage.at)


def _withdraw(stage: Stage, pk: int) -> None:
    report = WorkReport.objects.current().filter(work_id=pk).latest("pk")
    services.withdraw_report(report=report, reason="another place", by=stage.by, at=stage.at)


def _review(stage: Stage) -> int:
    return int(Review.objects.get(measure=begin(stage, "gates")).pk)


def _keep(stage: Stage, pk: int) -> None:
    row = Review.objects.get(pk=pk).measure
    review_on = local_day(stage.at) + timedelta(days=10)
    services.keep_measure(measure=row, review_on=review_on, reason="still cases", by=stage.by, at=stage.at)


def _reopen(stage: Stage, pk: int) -> None:
    services.reopen_review(review=Review.objects.get(pk=pk), reason="not looked", by=stage.by, at=stage.at)


def approved(stage: Stage) -> Plan:
    world = stage.world
    plan = services.write_plan(
        place=world.places["420106"], disease=DISEASE, title=f"plan {Plan.objects.count()}", situation="cases",
        owner=world.units["420106-cdc"], measures=["gates"], by=stage.by, at=stage.at,
    )  # fmt: skip
    return services.approve_plan(plan=plan, by=stage.by, at=stage.at)


def _plan_review(kind: str) -> Any:
    return lambda stage: int(Review.objects.get(plan=approved(stage), kind=kind).pk)


def _confirm(stage: Stage, pk: int) -> None:
    plan = Review.objects.get(pk=pk).plan
    services.confirm_plan(plan=plan, reason="gone through", by=stage.by, at=stage.at)


def _drill(stage: Stage, pk: int) -> None:
    drill = services.ask_drill(plan=Review.objects.get(pk=pk).plan, by=stage.by, at=stage.at)
    services.keep_drill(drill=drill, result={"steps": []}, version="1", by=stage.by, at=stage.at)


STORIES: dict[str, Story] = {
    "measures.do": Story(_work("remove_road_limits"), _report, _withdraw, ""),
    "measures.keep_up": Story(_work("gates"), _report, _withdraw, ""),
    "measures.review": Story(_review, _keep, _reopen, ""),
    "measures.revise_plan": Story(_plan_review("plan"), _confirm, _reopen, ""),
    "measures.drill": Story(_plan_review("drill"), _drill, _reopen, ""),
}
