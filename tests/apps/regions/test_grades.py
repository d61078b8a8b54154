"""The risk grade: figures by the edition, hysteresis, the proposal to the answerable level, and what a person decides."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apps.outlook.story import DISEASE, a_case
from tests.world import NOON

from lianfang.cases import services as cases
from lianfang.common.errors import NotPermitted
from lianfang.core.registry.models import Place
from lianfang.loop.models import Finding, Task
from lianfang.loop.services import judge_finding
from lianfang.loop.worker import turn
from lianfang.regions.early_warning import propose_data_alerts
from lianfang.regions.errors import NotAGrade, NotGradable, ReasonNeeded
from lianfang.regions.grading import Figures, figures_for, graded_on, held_levels, raw_levels
from lianfang.regions.mart import Mart
from lianfang.regions.models import Grade
from lianfang.regions.night import compute
from lianfang.regions.panel import Panel
from lianfang.regions.services import decide_grade
from lianfang.rulebook import default, grade
from lianfang.rulebook.kinds.surveillance import RiskGradeParameters

RULE = default().rule("risk_grade", at=date(2020, 3, 15)).of(RiskGradeParameters)
MORNING = NOON + timedelta(hours=9)  # 13 February, 03:00 at the site
MARCH = NOON.replace(month=3, day=1)


def level_of(total, new, *, cluster, rule=RULE):
    figures = Figures(
        total=np.array([[total]], np.int32),
        new=np.array([[new]], np.int32),
        has_cluster=np.array([[cluster]]),
    )
    levels, odd = raw_levels(figures, rule)
    return ("low", "medium", "high")[levels[0, 0]], bool(odd[0, 0])


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ((0, 0, False), ("low", False)),
        ((50, 0, False), ("low", False)),
        ((500, 0, False), ("low", False)),
        ((1, 1, False), ("medium", False)),
        ((50, 1, True), ("medium", False)),
        ((51, 1, False), ("medium", False)),
        ((51, 1, True), ("high", False)),
        ((51, 0, True), ("low", True)),
    ],
)
def test_the_truth_table(figures, expected):
    total, new, cluster = figures
    assert level_of(total, new, cluster=cluster) == expected


@given(st.integers(0, 120), st.integers(0, 120), st.booleans())
def test_tables_of_figures_are_graded_as_the_rulebook_grades_one(total, new, cluster):
    new = min(new, total)
    one = grade(total, new, cluster_14d=cluster, book=default(), at=date(2020, 3, 15))
    assert level_of(total, new, cluster=cluster) == (one.level, one.conflict)


def a_panel(confirmed, **more):
    new = np.array(confirmed, np.int32)[:, None]
    columns = {
        "confirmed": new,
        "total": np.cumsum(new, axis=0),
        "asymptomatic": new * 0,
        "cluster": new * 0,
    } | more
    return Panel(areas=("CN.42.4201.420106.",), first=date(2020, 3, 1), columns=columns)


def test_the_window_is_of_calendar_days_and_ends_with_the_last():
    figures = figures_for(a_panel([1, *[0] * 15]), RULE)
    assert figures.new[:, 0].tolist() == [1] * 14 + [0, 0]


def test_an_edition_may_count_those_without_symptoms():
    panel = a_panel([0, 0, 1], asymptomatic=np.array([[2], [0], [0]], np.int32))
    rule = RULE.model_copy(update={"counts_asymptomatic": True})
    figures = figures_for(panel, rule)
    assert (figures.total[-1, 0], figures.new[-1, 0]) == (3, 3)
    with pytest.raises(NotGradable):
        figures_for(panel, RULE.model_copy(update={"dated_by": "onset"}))


def test_only_an_edition_with_a_hysteresis_holds_a_level():
    levels = np.array([[2], [0], [0], [0], [1], [0]], np.int8)
    assert (held_levels(levels, RULE) == levels).all()
    rule = RULE.model_copy(update={"hold_days": {"high": 1, "medium": 3}})
    assert held_levels(levels, rule)[:, 0].tolist() == [2, 2, 1, 1, 1, 1]


def confirm_one(world, **fields):
    case = a_case(world, 20, **fields)
    cases.rule_on_case(
        case=case, classification="confirmed", reason="positive", by=world.actor("alice"), at=NOON
    )
    return case


@pytest.fixture
def graded(world):
    """One confirmed case in Dongshan, and the night after; the edition is of 17 February, so grades begin in March."""
    confirm_one(world)
    compute(DISEASE, at=MARCH)
    return world


def proposed(code, level):
    return Finding.objects.get(
        kind="regions.grade",
        subject_id=Place.objects.get(code=code).pk,
        key=f"{DISEASE}:{level}",
        withdrawn_at=None,
    )


def test_a_grade_is_proposed_to_the_province_and_is_a_duty_of_it(graded):
    low, none_there = proposed("420106", "low"), proposed("420205", "low")
    assert low.path == none_there.path == "CN.42."
    assert low.evidence["cumulative"] == 1
    assert low.evidence["data_to"] == "2020-02-29"
    assert low.evidence["sentence"]["en"] == "no new confirmed case for 14 consecutive days"
    turn(at=MARCH)
    task = Task.objects.get(duty="loop.judge", subject_id=low.pk)
    assert task.unit == graded.units["42-nha"]
    assert task.due_at == MARCH + timedelta(hours=24)
    assert not Grade.objects.exists(), "the machine grades nobody"


def test_a_person_of_the_answerable_level_puts_it_in_force(graded, supervisor_42):
    finding = proposed("420106", "low")
    with pytest.raises(NotPermitted):
        decide_grade(finding=finding, level="low", reason="seen", by=graded.actor("alice", MARCH), at=MARCH)
    with pytest.raises(ReasonNeeded):
        decide_grade(finding=finding, level="low", reason=" ", by=supervisor_42, at=MARCH)
    with pytest.raises(NotAGrade):
        decide_grade(finding=finding, level="none", reason="seen", by=supervisor_42, at=MARCH)
    row = decide_grade(
        finding=finding, level="medium", reason="one more is being tested", by=supervisor_42, at=MARCH
    )
    assert (row.level, row.path, row.edition) == ("medium", "CN.42.4201.420106.", "risk_grade@2020-02")
    assert finding.judgements.get().decision == "corrected"
    # The next night proposes low again, as a new question; once it is confirmed nothing is proposed any more.
    later = MARCH + timedelta(days=1)
    compute(DISEASE, at=later)
    again = proposed("420106", "low")
    judge_finding(
        finding=again, decision="confirmed", reason="the test was negative", by=supervisor_42, at=later
    )
    turn(at=later)
    assert Grade.objects.current().get(place__code="420106").level == "low"
    assert Grade.objects.filter(place__code="420106").count() == 2
    turn(at=later)
    assert Grade.objects.filter(place__code="420106").count() == 2
    compute(DISEASE, at=later + timedelta(days=1))
    assert not Finding.objects.filter(
        kind="regions.grade", subject_id=again.subject_id, withdrawn_at=None
    ).exists()


def test_the_first_night_of_a_site_has_one_day(world):
    confirm_one(world)
    night = compute(DISEASE, at=MORNING)
    assert night is not None
    assert (night.last, night.run.inputs["days"]) == (date(2020, 2, 12), 4)  # from the onset on 9 February
    assert night.run.result["active"] == 0


def test_the_mart_is_read_again_only_where_facts_changed(world):
    confirm_one(world)
    mart = Mart(DISEASE)
    done = mart.refresh(at=MORNING)
    assert done.read == ("CN.42.4201.420106.",)
    assert done.computed == ("CN.", "CN.42.")
    assert done.last == date(2020, 2, 12)
    again = mart.refresh(at=MORNING)
    assert (again.read, again.computed) == ((), ())
    assert mart.refresh(at=MORNING + timedelta(days=1)).last == date(2020, 2, 13)
    areas = ["CN.", "CN.42.4201.420106.", "CN.42.4201.420107."]
    assert mart.read(areas)["total"][-1].tolist() == [1, 1, 0]
    known_before = mart.compute(areas, known_by=NOON - timedelta(seconds=1))
    assert known_before["total"].max() == 0


@pytest.mark.django_db
def test_a_cluster_without_a_new_case_is_a_data_alert_and_no_warning(world):
    """51 cases, none of them new, and a cluster in the window: low by the text, and somebody looks at the figures."""
    place = Place.objects.get(code="420106")
    quiet = np.zeros((30, 1), np.int32)
    panel = Panel(
        areas=(place.path,), first=date(2020, 2, 1),
        columns={"confirmed": quiet, "total": quiet + 51, "asymptomatic": quiet, "cluster": quiet.copy()},
    )  # fmt: skip
    panel.columns["cluster"][-3] = 1
    odd = [one for one in graded_on(panel, DISEASE) if one.contradicts]
    assert [one.path for one in odd] == [place.path]
    proposed = propose_data_alerts({}, odd, {place.path: place}, DISEASE, at=MARCH)
    assert proposed.found == 1
    alert = Finding.objects.get(kind="regions.data")
    assert alert.evidence["what"] == "contradiction"
    assert alert.due_at > MARCH
    assert not Finding.objects.filter(kind="regions.warning").exists()
