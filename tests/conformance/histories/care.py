"""Random acts on wards, and how each duty of care comes to be owed, is proved, and is not proved after all."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.histories.stage import HOUR, Stage, Story, confirmed

from lianfang.care import services as care
from lianfang.care.errors import BedTaken
from lianfang.care.models import (
    Bed,
    BedRequest,
    CareLevel,
    Departure,
    FollowUp,
    Round,
    Stay,
    Support,
    VisitDue,
    Ward,
)
from lianfang.cases import services as cases
from lianfang.cases.models import Case

SEVENTH = datetime(2020, 3, 5, 2, tzinfo=UTC)
WELL = {"temperature": 36.5, "respiratory": "resolved"}


def a_ward(stage: Stage) -> Ward:
    unit = stage.world.units["420106-hosp"]
    standing = Ward.objects.filter(unit=unit).first()
    if standing is not None:
        return standing
    ward = care.set_up_ward(
        unit=unit, name="one", level=CareLevel.ORDINARY, rooms_shared=False, by=stage.by, at=stage.at
    )
    care.change_beds(ward=ward, n=40, from_at=stage.at - 100 * HOUR, by=stage.by, at=stage.at)
    return ward


def _free(stage: Stage) -> Bed | None:
    return Bed.objects.free_at(stage.at).filter(ward=a_ward(stage)).order_by("pk").first()


def _inside(stage: Stage) -> Any:
    rows = list(Stay.objects.current().at(stage.at).select_related("case").order_by("pk"))
    return stage.dice.choice(rows).case if rows else None


def lay_down(stage: Stage) -> None:
    case, bed = stage.any(Case, outcome=""), _free(stage)
    if case and bed and not Stay.objects.current().filter(case=case, until_at__isnull=True).exists():
        care.lay_down(case=case, bed=bed, lies_from=stage.at, by=stage.by, at=stage.at)


def ask_for_a_bed(stage: Stage) -> None:
    case = stage.any(Case, outcome="")
    if case:
        care.request_bed(case=case, level=stage.dice.randrange(4), by=stage.by, at=stage.at)


def give_a_bed(stage: Stage) -> None:
    request = stage.any(BedRequest, met_at=None, withdrawn_at=None)
    if request and _free(stage):
        care.give_bed(request=request, ward=a_ward(stage), by=stage.by, at=stage.at)


def withdraw_request(stage: Stage) -> None:
    request = stage.any(BedRequest, met_at=None, withdrawn_at=None)
    if request:
        care.withdraw_request(request=request, reason="sent home", by=stage.by, at=stage.at)


def see(stage: Stage) -> None:
    case = _inside(stage)
    if case:
        seen = stage.dice.choice([{"temperature": 38.5}, {"spo2": 91}, WELL])
        care.record_round(case=case, seen_at=stage.at, by=stage.by, at=stage.at, **seen)


def not_seen_after_all(stage: Stage) -> None:
    row = stage.any(Round, superseded_at=None)
    if row:
        care.withdraw_entry(entry=row, reason="another patient", by=stage.by, at=stage.at)


def leave(stage: Stage) -> None:
    case = _inside(stage)
    if case:
        care.discharge_patient(case=case, left_at=stage.at, by=stage.by, at=stage.at, reason="went home")


def come_back(stage: Stage) -> None:
    row = stage.any(Departure, superseded_at=None)
    if row and not Stay.objects.current().filter(case=row.case, until_at__isnull=True).exists():
        try:
            care.withdraw_departure(departure=row, reason="typo", by=stage.by, at=stage.at)
        except BedTaken:
            return


def visit(stage: Stage) -> None:
    row = stage.any(Departure, superseded_at=None)
    if row:
        week = stage.dice.choice([None, 2, 4])
        care.follow_up(case=row.case, seen_at=stage.at, by=stage.by, at=stage.at, week=week, temperature=36.6)


def test_again(stage: Stage) -> None:
    row = stage.any(Departure, superseded_at=None)
    if row:
        _tested(stage, row.case, "positive")


def _tested(stage: Stage, case: Case, finding: str, *, before: timedelta = timedelta()) -> Any:
    taken = stage.at - before
    sample = cases.record_sample(
        case=case,
        number=f"T{taken.timestamp():.0f}",
        specimen="sputum",
        taken_at=taken,
        by=stage.by,
        at=stage.at,
    )
    return cases.record_result(
        sample=sample, kind="rt_pcr", finding=finding, resulted_at=stage.at, by=stage.by, at=stage.at
    )


STEPS = (
    lay_down,
    lay_down,
    ask_for_a_bed,
    give_a_bed,
    withdraw_request,
    see,
    see,
    not_seen_after_all,
    leave,
    come_back,
    visit,
    test_again,
)


def _in_bed(stage: Stage) -> Case:
    case, bed = confirmed(stage), _free(stage)
    assert bed is not None
    care.lay_down(case=case, bed=bed, lies_from=stage.at, by=stage.by, at=stage.at)
    return case


def _to_admit(stage: Stage) -> int:
    a_ward(stage)
    return int(confirmed(stage).pk)


def _lay(stage: Stage, pk: int) -> None:
    bed = _free(stage)
    assert bed is not None
    care.lay_down(case=Case.objects.get(pk=pk), bed=bed, lies_from=stage.at, by=stage.by, at=stage.at)


def _unlay(stage: Stage, pk: int) -> None:
    for stay in Stay.objects.current().filter(case_id=pk):
        care.withdraw_entry(entry=stay, reason="another patient", by=stage.by, at=stage.at)


def _asked(stage: Stage) -> int:
    a_ward(stage)
    request = care.request_bed(case=confirmed(stage), level=CareLevel.ORDINARY, by=stage.by, at=stage.at)
    return int(request.pk)


def _given(stage: Stage, pk: int) -> None:
    request = BedRequest.objects.get(pk=pk)
    care.give_bed(request=request, ward=a_ward(stage), by=stage.by, at=stage.at)


def _taken_back(stage: Stage, pk: int) -> None:
    request = BedRequest.objects.get(pk=pk)
    care.take_bed_back(request=request, reason="another needs it more", by=stage.by, at=stage.at)


def _placed(stage: Stage) -> int:
    pk = _asked(stage)
    _given(stage, pk)
    return pk


def _bring(stage: Stage, pk: int) -> None:
    _lay(stage, BedRequest.objects.get(pk=pk).case_id)


def _unbring(stage: Stage, pk: int) -> None:
    _unlay(stage, BedRequest.objects.get(pk=pk).case_id)


def _stay(stage: Stage) -> int:
    return int(Stay.objects.current().get(case=_in_bed(stage)).pk)


def _round(stage: Stage, pk: int) -> None:
    care.record_round(
        case=Stay.objects.get(pk=pk).case, seen_at=stage.at, by=stage.by, at=stage.at, temperature=37.0
    )


def _unround(stage: Stage, pk: int) -> None:
    row = Round.objects.current().get(case=Stay.objects.get(pk=pk).case)
    care.withdraw_entry(entry=row, reason="another patient", by=stage.by, at=stage.at)


def _ready(stage: Stage) -> int:
    case = _in_bed(stage)
    Stay.objects.filter(case=case).update(occurred_at=stage.at - 96 * HOUR)
    for days in (2, 1):
        _tested(stage, case, "negative", before=timedelta(days=days))
    seen_at = stage.at - 80 * HOUR
    care.record_round(case=case, seen_at=seen_at, by=stage.by, at=stage.at, temperature=36.6)
    care.record_round(
        case=case, seen_at=stage.at, by=stage.by, at=stage.at, imaging=["inflammation_absorbed"], **WELL
    )
    return int(case.pk)


def _discharge(stage: Stage, pk: int) -> None:
    case = Case.objects.get(pk=pk)
    care.discharge_patient(case=case, left_at=stage.at, by=stage.by, at=stage.at, reason="decided")


def _undischarge(stage: Stage, pk: int) -> None:
    row = Departure.objects.current().get(case_id=pk)
    care.withdraw_departure(departure=row, reason="typo", by=stage.by, at=stage.at)


def _positive_again(stage: Stage) -> int:
    case = _in_bed(stage)
    _discharge(stage, case.pk)
    stage.at += HOUR
    _tested(stage, case, "positive")
    return int(case.pk)


def _look(stage: Stage, pk: int, **more: Any) -> None:
    care.follow_up(case=Case.objects.get(pk=pk), seen_at=stage.at, by=stage.by, at=stage.at, **more)


def _unlook(stage: Stage, pk: int) -> None:
    row = FollowUp.objects.current().get(case_id=pk)
    care.withdraw_entry(entry=row, reason="another patient", by=stage.by, at=stage.at)


def _left(stage: Stage) -> int:
    """Discharged on 5 March 2020, by the 7th edition, which asks for visits in weeks 2 and 4."""
    case = _in_bed(stage)
    left_at = max(stage.at, SEVENTH)
    care.discharge_patient(case=case, left_at=left_at, by=stage.by, at=left_at, reason="decided")
    stage.at = left_at + timedelta(days=10)
    VisitDue.objects.exclude(week=2).delete()
    return int(VisitDue.objects.get(departure__case=case, week=2).pk)


def _case_of(pk: int) -> int:
    return int(VisitDue.objects.get(pk=pk).departure.case_id)


def _needs(stage: Stage, **need: bool) -> int:
    case = _in_bed(stage)
    _discharge(stage, case.pk)
    stage.at += HOUR
    return int(care.follow_up(case=case, seen_at=stage.at, by=stage.by, at=stage.at, **need).pk)


def _support(stage: Stage, pk: int, aid: str) -> None:
    case = FollowUp.objects.get(pk=pk).case
    care.give_support(case=case, aid=aid, given_at=stage.at, by=stage.by, at=stage.at)


def _unsupport(stage: Stage, pk: int) -> None:
    row = Support.objects.current().get(case_id=FollowUp.objects.get(pk=pk).case_id)
    care.withdraw_entry(entry=row, reason="another patient", by=stage.by, at=stage.at)


STORIES: dict[str, Story] = {
    "care.admit": Story(_to_admit, _lay, _unlay, "ward"),
    "care.answer": Story(_asked, _given, _taken_back, "ward"),
    "care.bring": Story(_placed, _bring, _unbring, "ward"),
    "care.round": Story(_stay, _round, _unround, "ward"),
    "care.decide_discharge": Story(_ready, _discharge, _undischarge, ""),
    "care.positive_again": Story(_positive_again, _look, _unlook, "ward"),
    "care.rehabilitate": Story(
        lambda stage: _needs(stage, needs_rehabilitation=True),
        lambda stage, pk: _support(stage, pk, "rehabilitation"),
        _unsupport,
        "",
    ),
    "care.counsel": Story(
        lambda stage: _needs(stage, needs_counselling=True),
        lambda stage, pk: _support(stage, pk, "counselling"),
        _unsupport,
        "",
    ),
    "care.follow_up": Story(
        _left,
        lambda stage, pk: _look(stage, _case_of(pk), week=2),
        lambda stage, pk: _unlook(stage, _case_of(pk)),
        "",
    ),
}
