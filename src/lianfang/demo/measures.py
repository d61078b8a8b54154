"""Measures and plans of the demo world: one past its review date, rounds that some townships missed, a plan that was drilled."""

from datetime import datetime, timedelta
from typing import Any

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.selectors import actor_for
from lianfang.core.registry.models import Capability, Level, Place, Unit
from lianfang.demo.ground import Ground
from lianfang.loop.models import Finding
from lianfang.measures import services
from lianfang.measures.models import Measure, Work
from lianfang.regions.grading import FINDING as GRADE
from lianfang.regions.services import decide_grade

_DISEASE = "covid_19_cn_2020"
_DAY = timedelta(days=1)
_WEEK = 7


def prepare_measures(ground: Ground, *, at: datetime) -> None:
    """Put measures in force in the reader's county some days ago, report most of their rounds, and lay a plan ready."""
    county = Place.objects.get(units__users=ground.users["wang"])
    begun = at - 9 * _DAY
    by = actor_for(ground.users["lin"], begun)
    rounds = _begin(
        county, "household_rounds", "两周内三起聚集性疫情 (three clusters in two weeks)", by, begun
    )
    gates = _begin(county, "gates", "社区出现不明来源病例 (cases of unknown source)", by, begun + 4 * _DAY)
    _report(rounds, at)
    _report(gates, at)
    _plan(county, by=by, at=begun)


def confirm_grades(ground: Ground, *, at: datetime) -> None:
    """Let the province confirm the grades of the neighbours and of the reader's county, whose measures wait for a decision."""
    graded = Place.objects.filter(units__users=ground.users["wang"]) | Place.objects.filter(
        parent__code="9902"
    )
    for finding in Finding.objects.unjudged().filter(kind=GRADE, subject_id__in=graded.values("pk")):
        decide_grade(
            finding=finding, level=finding.evidence["level"], reason="数据属实 (the figures are right)",
            by=Actor.system("demo"), at=at,
        )  # fmt: skip


def _begin(county: Place, kind: str, reason: str, by: Actor, at: datetime) -> Measure:
    return services.begin_measure(
        place=county, disease=_DISEASE, kind=kind, reason=reason, by=by, at=at,
        review_on=local_day(at) + _WEEK * _DAY,
    )  # fmt: skip


def _report(measure: Measure, at: datetime) -> None:
    """Let the townships report; every fifth round or so was not made."""
    by = Actor.system("demo")
    for work in Work.objects.filter(measure=measure).order_by("pk"):
        done_at = work.from_at + timedelta(hours=16)
        n = 0
        while done_at < at:
            if (work.pk + n) % 5:
                seen = 180 + (37 * (work.pk + n)) % 140
                services.report_work(
                    work=work, n_done=seen, n_found=(work.pk + n) % 3, by=by, at=done_at, done_at=done_at
                )
            done_at += work.every_days * _DAY
            n += 1


def _plan(county: Place, *, by: Actor, at: datetime) -> None:
    owner = Unit.objects.filter(place=county, capabilities__capability=Capability.SUPERVISE).order_by("pk")[0]
    plan = services.write_plan(
        place=county, disease=_DISEASE, title="社区聚集性疫情应急预案", owner=owner, level="IV", by=by, at=at,
        situation="同一社区14天内出现2例及以上病例 (two or more cases in one community within 14 days)",
        measures=["gates", "household_rounds", "health_declarations"],
    )  # fmt: skip
    step: dict[str, Any] = {"plan": plan, "by": by, "at": at}
    for text, level, capability, hours in (
        ("启用备用隔离点 (open the spare isolation site)", Level.COUNTY, Capability.SUPERVISE, 6),
        ("完成全部密切接触者排查 (list all contacts)", Level.COUNTY, Capability.TRACE, 24),
        ("发放防护物资 (hand out protective stock)", Level.TOWNSHIP, Capability.OBSERVE, 12),
    ):
        services.add_step(text=text, level=level, capability=capability, within_hours=hours, **step)
    for item, needed, held in (("医用口罩 (masks)", 20_000, 14_500), ("体温计 (thermometers)", 300, 360)):
        services.count_stock(
            item=item, unit=owner, needed=needed, held=held, counted_on=local_day(at) - 12 * _DAY, **step
        )
    services.approve_plan(plan=plan, by=by, at=at)
    services.ask_drill(plan=plan, by=by, at=at + _DAY)
