"""How the duties of the loop, the registry and the access come to be owed; facts of the core are touched by the step."""

from collections.abc import Callable
from typing import Any

from tests.conformance.histories.cases import event_word
from tests.conformance.histories.stage import COUNTIES, HOUR, Stage, Story, confirmed

from lianfang.cases.models import Case, Report, Sample, Screening
from lianfang.contacts.models import Contact, Observation, Stay
from lianfang.core.access.models import BreakGlass
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import Capability, Jurisdiction, MatchReview, Unit, UnitCapability
from lianfang.core.rules import site_rules
from lianfang.loop.findings import Proposal, propose_findings
from lianfang.loop.models import Finding, Judgement, Verification
from lianfang.loop.services import accept_verification, judge_finding, reject_verification
from lianfang.loop.touch import touch
from lianfang.loop.worker import turn


def verify(stage: Stage) -> None:
    rows = Verification.objects.filter(decided_at=None, task__status="done").order_by("pk")
    row = next((v for v in rows.select_related("task") if v.task.met_at == v.met_at), None)
    if row:
        decide = stage.dice.choice([accept_verification, reject_verification])
        decide(verification=row, reason="telephoned", by=stage.by, at=stage.at)


def find_cluster(stage: Stage) -> int | None:
    case = stage.any(Case)
    if not case:
        return None
    proposal = Proposal(
        subject_id=case.pk,
        place_id=case.place_id,
        path=case.path,
        evidence={"n_cases": stage.dice.randrange(2, 5)},
        due_at=stage.at + 4 * HOUR,
        capability=stage.dice.choice(["assess", "trace"]),
    )
    propose_findings("cluster", Case, [proposal], about=[case.pk], by=stage.by, at=stage.at)
    return int(Finding.objects.get(kind="cluster", subject_id=case.pk).pk)


def lose_grounds(stage: Stage) -> None:
    finding = stage.any(Finding, kind="cluster", withdrawn_at=None)
    if finding:
        propose_findings("cluster", Case, [], about=[finding.subject_id], by=stage.by, at=stage.at)


def judge(stage: Stage) -> None:
    finding = stage.any(Finding, withdrawn_at=None)
    if finding:
        decision = stage.dice.choice(["confirmed", "dismissed"])
        judge_finding(finding=finding, decision=decision, reason="one house", by=stage.by, at=stage.at)


def appoint(stage: Stage) -> None:
    """Give a unit a capability: one that is missing in its place, where there is one."""
    gaps = Jurisdiction.objects.filter(gap_since__isnull=False, filled_at=None, place__units__isnull=False)
    gap = stage.dice.choice(list(gaps.order_by("pk"))) if gaps else None
    unit = gap.place.units.first() if gap else stage.any(Unit)
    capability = gap.capability if gap else stage.dice.choice(Capability.values)
    UnitCapability.objects.get_or_create(unit=unit, capability=capability)
    _refresh(stage)


def dismiss(stage: Stage) -> None:
    held = stage.any(UnitCapability, unit__parent__isnull=False)
    held.delete()
    _refresh(stage)


def _refresh(stage: Stage) -> None:
    refresh_jurisdictions(at=stage.at)
    # The registry stands below the loop; in the life of a site the sweep finds what this changes.
    touch(Jurisdiction, Jurisdiction.objects.values_list("pk", flat=True), at=stage.at)
    for model in (
        Case,
        Report,
        Sample,
        Screening,
        Contact,
        Observation,
        Stay,
        Finding,
        MatchReview,
        BreakGlass,
    ):
        touch(model, model.objects.values_list("pk", flat=True), at=stage.at)


def look_alike(stage: Stage) -> int:
    first, second = stage.person(), stage.person()
    row = MatchReview.objects.create(
        first=first,
        second=second,
        place=first.place,
        path=first.path,
        score=0.8,
        evidence=[],
        found_at=stage.at,
    )
    return stage.noted(MatchReview, row.pk)


def decide_pair(stage: Stage) -> None:
    row = stage.any(MatchReview)
    if row:
        decision = stage.dice.choice(["same", "distinct", "open"])
        decided_at = None if decision == "open" else stage.at
        MatchReview.objects.filter(pk=row.pk).update(decision=decision, decided_at=decided_at)
        stage.noted(MatchReview, row.pk)


def break_glass(stage: Stage) -> int:
    place = stage.world.places[stage.dice.choice(COUNTIES)]
    row = BreakGlass.objects.create(
        user=stage.world.users["stranger"],
        place=place,
        path=place.path,
        reason="train passenger",
        from_at=stage.at,
        until_at=stage.at + 3 * HOUR,
    )
    return stage.noted(BreakGlass, row.pk)


def review_glass(stage: Stage) -> None:
    row = stage.any(BreakGlass)
    if row:
        BreakGlass.objects.filter(pk=row.pk).update(reviewed_at=stage.dice.choice([None, stage.at]))
        stage.noted(BreakGlass, row.pk)


def _to_verify(stage: Stage) -> int:
    """Report the first case of a county and disease in which there was none: every such report is checked."""
    pairs = [(county, disease) for disease in sorted(site_rules().diseases()) for county in COUNTIES]
    fresh = next(
        (county, disease)
        for county, disease in pairs
        if not Case.objects.filter(place__code=county, disease=disease).exists()
    )
    case = confirmed(stage, *fresh)
    event_word(stage, case.pk)
    turn(at=stage.at)
    return int(Verification.objects.get(task__subject_id=case.pk, decided_at=None).pk)


def _undecide(stage: Stage, pk: int) -> None:
    Verification.objects.filter(pk=pk).update(accepted=None, decided_at=None)
    stage.noted(Verification, pk)


def _finding(stage: Stage) -> int:
    confirmed(stage)
    pk = find_cluster(stage)
    assert pk is not None
    return pk


def _unjudge(stage: Stage, pk: int) -> None:
    Judgement.objects.filter(finding_id=pk).delete()
    stage.noted(Finding, pk)


def _gap(stage: Stage) -> int:
    row = Jurisdiction.objects.get(place=stage.world.places["420107"], capability="report")
    assert row.gap_since is not None
    return stage.noted(Jurisdiction, row.pk)


def _fill(stage: Stage, _pk: int) -> None:
    UnitCapability.objects.create(unit=stage.world.units["420107-cdc"], capability="report")
    _refresh(stage)


def _unfill(stage: Stage, _pk: int) -> None:
    UnitCapability.objects.filter(unit=stage.world.units["420107-cdc"], capability="report").delete()
    _refresh(stage)


def _setter(model: type, **values: Any) -> Callable[[Stage, int], None]:
    """Write columns of a row of the core and say so; `"now"` is the moment of the stage."""

    def write(stage: Stage, pk: int) -> None:
        filled = {name: stage.at if value == "now" else value for name, value in values.items()}
        model.objects.filter(pk=pk).update(**filled)
        stage.noted(model, pk)

    return write


def _accept(stage: Stage, pk: int) -> None:
    accept_verification(verification=Verification.objects.get(pk=pk), by=stage.by, at=stage.at)


def _judge(stage: Stage, pk: int) -> None:
    finding = Finding.objects.get(pk=pk)
    judge_finding(finding=finding, decision="confirmed", reason="one house", by=stage.by, at=stage.at)


_open_pair = _setter(MatchReview, decision="open", decided_at=None)
_decide_pair = _setter(MatchReview, decision="distinct", decided_at="now")


STORIES: dict[str, Story] = {
    "loop.verify": Story(_to_verify, _accept, _undecide, "office"),
    "loop.appoint": Story(_gap, _fill, _unfill, "office"),
    "loop.judge": Story(_finding, _judge, _unjudge, "office"),
    "registry.decide_match": Story(look_alike, _decide_pair, _open_pair, "office"),
    "access.review_emergency": Story(
        break_glass,
        _setter(BreakGlass, reviewed_at="now"),
        _setter(BreakGlass, reviewed_at=None),
        "office",
    ),
}
