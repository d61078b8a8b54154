"""From waiting to release: severity and discharge by the edition in force, and what follows each."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.world import NOON

from lianfang.care import services
from lianfang.care.derive import FIELDS, derive_pathways, explain_recurrence
from lianfang.care.errors import BedTaken, CriteriaMissing, LayElsewhereLater, NotInside
from lianfang.care.models import BedRequest, CareLevel, Departure, Pathway, PathwayChange, Stage, Stay
from lianfang.cases import services as case_services
from lianfang.loop.duty import duties
from lianfang.loop.models import Task
from lianfang.loop.reconcile import reconcile

from .conftest import HOUR

DAY = timedelta(days=1)
EDITIONS = {
    "5": datetime(2020, 2, 12, 10, tzinfo=UTC),
    "6": datetime(2020, 2, 25, 10, tzinfo=UTC),
    "7": datetime(2020, 3, 10, 10, tzinfo=UTC),
}
WELL = {"temperature": 36.5, "respiratory": "clearly_improved"}
IMAGING = {"5": "inflammation_absorbed", "6": "exudate_improved", "7": "exudate_improved"}


def task(code, at):
    reconcile(duties.get(code), at=at)
    return Task.objects.filter(duty=code).exclude(status="void")


def a_patient(hospital, at=NOON, **more):
    hospital.at = at
    hospital.ward("ordinary", n=3)
    case = hospital.case(**more)
    hospital.lay(case, hospital.bed("ordinary"))
    return case


def recover(hospital, case, edition, *, gap=24 * HOUR, without=""):
    """Make every criterion of an edition true but one, over five days; the two negatives lie `gap` apart."""
    hospital.round(case, temperature=38.2)
    # 20:00 of the site's day; the second sample `gap` later.
    first = hospital.at.replace(hour=12) + 3 * DAY
    if without != "temperature":
        hospital.at = first - HOUR
        hospital.round(case, temperature=36.6)
    for sampled in (first, first + gap):
        hospital.at = sampled + HOUR
        if without != "negatives" or sampled == first:
            hospital.test(case, "negative", sampled_at=sampled)
    hospital.at = first + gap + 2 * HOUR
    seen = {} if without == "imaging" else {"imaging": [IMAGING[edition]]}
    well = {
        k: v for k, v in WELL.items() if k != {"respiratory_symptoms": "respiratory"}.get(without, without)
    }
    hospital.round(case, **well, **seen)
    if without == "temperature":
        hospital.round(case, temperature=37.3)


class TestDischarge:
    """The truth table of rules_2020 section 2."""

    @pytest.mark.parametrize("edition", EDITIONS)
    def test_all_criteria_met(self, hospital, edition):
        case = a_patient(hospital, EDITIONS[edition])
        recover(hospital, case, edition)
        row = hospital.pathway(case)
        assert row.missing == []
        assert row.discharge_edition.endswith(f"discharge@{edition}")
        assert row.ready_at is not None

    @pytest.mark.parametrize("edition", EDITIONS)
    @pytest.mark.parametrize("without", ["temperature", "respiratory_symptoms", "imaging", "negatives"])
    def test_each_criterion_missing(self, hospital, edition, without):
        case = a_patient(hospital, EDITIONS[edition])
        recover(hospital, case, edition, without=without)
        assert hospital.pathway(case).missing == [without]
        with pytest.raises(CriteriaMissing):
            services.discharge_patient(case=case, left_at=hospital.at, by=hospital.fang, at=hospital.at)

    @pytest.mark.parametrize(("edition", "is_enough"), [("5", True), ("6", True), ("7", False)])
    def test_samples_at_20_00_and_08_00_next_day(self, hospital, edition, is_enough):
        """At least one day apart by the calendar until the 6th edition; 24 hours by the 7th."""
        case = a_patient(hospital, EDITIONS[edition])
        recover(hospital, case, edition, gap=12 * HOUR)
        assert hospital.pathway(case).missing == ([] if is_enough else ["negatives"])

    @pytest.mark.parametrize(("hours", "missing"), [(71, ["temperature"]), (72, [])])
    def test_seventy_two_hours_without_fever(self, hospital, hours, missing):
        case = a_patient(hospital)
        hospital.round(case, temperature=37.3)
        fever = hospital.at
        for sampled in (fever + DAY, fever + 2 * DAY):
            hospital.at = sampled + HOUR
            hospital.test(case, "negative", sampled_at=sampled)
        hospital.at = fever + hours * HOUR
        hospital.round(case, **WELL, imaging=["inflammation_absorbed"])
        assert hospital.pathway(case).missing == missing

    @pytest.mark.parametrize(
        ("edition", "regime", "days", "weeks"),
        [
            ("5", "none", 0, []),
            ("6", "self_health_monitoring", 14, [2, 4]),
            ("7", "isolation_management", 14, [2, 4]),
        ],
    )
    def test_what_follows(self, hospital, edition, regime, days, weeks):
        case = a_patient(hospital, EDITIONS[edition])
        recover(hospital, case, edition)
        services.discharge_patient(case=case, left_at=hospital.at, by=hospital.fang, at=hospital.at)
        row = hospital.pathway(case)
        left = Departure.objects.get()
        assert (left.regime, left.follow_days, left.visit_weeks) == (regime, days, weeks)
        assert row.stage == (Stage.OBSERVED if days else Stage.RELEASED)
        after = hospital.at + 15 * DAY
        derive_pathways([case.pk], at=after)
        assert hospital.pathway(case).stage == Stage.RELEASED
        assert [t.due_at - hospital.at for t in task("care.follow_up", after).order_by("due_at")] == [
            timedelta(weeks=week) for week in weeks
        ]

    def test_a_reason_lets_a_patient_leave_and_is_kept(self, hospital):
        case = a_patient(hospital)
        services.discharge_patient(
            case=case,
            left_at=hospital.at + HOUR,
            by=hospital.fang,
            at=hospital.at + HOUR,
            reason="moved abroad",
        )
        left = Departure.objects.get()
        assert left.reason == "moved abroad"
        assert {c["item"] for c in left.criteria if not c["met"]} == {
            "temperature", "respiratory_symptoms", "imaging", "negatives",
        }  # fmt: skip

    def test_nobody_leaves_who_is_not_inside(self, hospital):
        with pytest.raises(NotInside):
            services.record_departure(
                case=hospital.case(), how="died", left_at=hospital.at, by=hospital.fang, at=hospital.at
            )

    def test_nobody_leaves_before_they_lay_down_elsewhere(self, hospital):
        hospital.ward("ordinary", n=2)
        case = hospital.case()
        hospital.lay(case, hospital.bed("ordinary"))
        hospital.at = NOON + 3 * HOUR
        hospital.lay(case, hospital.bed("ordinary", 1))
        left = {"case": case, "how": "died", "by": hospital.fang, "at": hospital.at + HOUR}
        with pytest.raises(LayElsewhereLater):
            services.record_departure(left_at=NOON + HOUR, **left)
        assert services.record_departure(left_at=hospital.at + HOUR, **left).pk

    def test_a_departure_by_mistake_is_withdrawn_and_everything_with_it(self, hospital):
        case = a_patient(hospital, EDITIONS["7"])
        recover(hospital, case, "7")
        before = {name: getattr(hospital.pathway(case), name) for name in FIELDS}
        left = services.discharge_patient(case=case, left_at=hospital.at, by=hospital.fang, at=hospital.at)
        assert task("care.follow_up", hospital.at).count() == 2
        services.withdraw_departure(departure=left, reason="wrong patient", by=hospital.fang, at=hospital.at)
        assert {name: getattr(hospital.pathway(case), name) for name in FIELDS} == before
        assert task("care.follow_up", hospital.at).count() == 0
        case.refresh_from_db()
        assert case.outcome == ""

    def test_a_bed_given_away_meanwhile_is_not_taken_back(self, hospital):
        case = a_patient(hospital)
        left = services.record_departure(
            case=case, how="against_advice", left_at=hospital.at, by=hospital.fang, at=hospital.at
        )
        hospital.at += HOUR
        services.end_upkeep(bed=hospital.bed("ordinary"), by=hospital.fang, at=hospital.at)
        hospital.lay(hospital.case(), hospital.bed("ordinary"))
        with pytest.raises(BedTaken):
            services.withdraw_departure(departure=left, reason="came back", by=hospital.fang, at=hospital.at)


class TestEditions:
    def test_a_new_edition_re_judges_those_inside_and_rewrites_nothing(self, hospital):
        inside, gone = a_patient(hospital, datetime(2020, 2, 13, 10, tzinfo=UTC)), hospital.case()
        hospital.lay(gone, hospital.bed("ordinary", 1))
        recover(hospital, gone, "5", gap=12 * HOUR)
        services.discharge_patient(case=gone, left_at=hospital.at, by=hospital.fang, at=hospital.at)
        before = {name: getattr(hospital.pathway(gone), name) for name in FIELDS}
        hospital.round(inside, imaging=["inflammation_absorbed"])
        assert hospital.pathway(inside).discharge_edition.endswith("@5")
        later = datetime(2020, 3, 5, 10, tzinfo=UTC)
        derive_pathways([inside.pk, gone.pk], at=later, because="clock")
        assert hospital.pathway(inside).discharge_edition.endswith("@7")
        assert {name: getattr(hospital.pathway(gone), name) for name in FIELDS} == before

    def test_a_decision_is_owed_until_it_is_taken_whatever_the_clock_does(self, hospital):
        case = a_patient(hospital)
        recover(hospital, case, "5")
        (owed,) = task("care.decide_discharge", hospital.at)
        assert owed.due_at == owed.since_at + DAY
        late = hospital.at + 40 * DAY
        derive_pathways([case.pk], at=late, because="clock")
        (owed,) = task("care.decide_discharge", late)
        assert owed.status == "open"
        services.discharge_patient(case=case, left_at=late, by=hospital.fang, at=late, reason="late")
        (owed,) = task("care.decide_discharge", late)
        assert (owed.status, owed.met_at) == ("done", late)

    def test_a_fever_takes_the_decision_back(self, hospital):
        case = a_patient(hospital)
        recover(hospital, case, "5")
        hospital.at += HOUR
        hospital.round(case, temperature=38.0)
        assert hospital.pathway(case).ready_at is None
        assert not task("care.decide_discharge", hospital.at).exists()


class TestSeverity:
    @pytest.mark.parametrize(
        ("measured", "level"),
        [
            ({"respiratory_rate": 29, "imaging": ["consolidation"]}, "ordinary"),
            ({"respiratory_rate": 30}, "severe"),
            ({"spo2": 93}, "severe"),
            ({"spo2": 93.1, "imaging": ["no_change"]}, "mild"),
            ({"pao2_fio2": 300}, "severe"),
            ({"shock": True}, "critical"),
            ({"spo2": 97}, ""),
        ],
    )
    def test_by_the_signs_of_the_5th_edition(self, hospital, measured, level):
        case = a_patient(hospital)
        hospital.round(case, **measured)
        assert hospital.pathway(case).severity == level

    def test_each_change_keeps_its_edition(self, hospital):
        case = a_patient(hospital)
        hospital.round(case, spo2=97, imaging=["consolidation"])
        hospital.at += HOUR
        hospital.round(case, spo2=90)
        rows = PathwayChange.objects.filter(case=case, what="severity").order_by("pk")
        assert [(row.before, row.after) for row in rows] == [("", "ordinary"), ("ordinary", "severe")]
        assert all(row.edition.endswith("severity@5") for row in rows)
        assert hospital.pathway(case).needs == CareLevel.SEVERE


class TestStages:
    def test_waiting_on_the_way_treated(self, hospital):
        ward = hospital.ward("ordinary")
        case = hospital.case()
        request = hospital.ask(case, CareLevel.ORDINARY)
        assert hospital.pathway(case).stage == Stage.WAITING
        services.give_bed(request=request, ward=ward, by=hospital.chen, at=hospital.at)
        hospital.at += HOUR
        services.report_step(
            request=request,
            step="set_out",
            happened_at=hospital.at - HOUR / 2,
            by=hospital.fang,
            at=hospital.at,
        )
        assert hospital.pathway(case).stage == Stage.ON_THE_WAY
        hospital.lay(case, hospital.bed("ordinary"))
        assert hospital.pathway(case).stage == Stage.TREATED

    def test_died_inside(self, hospital):
        case = a_patient(hospital)
        services.record_departure(
            case=case, how="died", left_at=hospital.at + HOUR, by=hospital.fang, at=hospital.at + HOUR
        )
        assert hospital.pathway(case).stage == Stage.DIED
        case.refresh_from_db()
        assert case.outcome == "died"

    def test_positive_again_is_looked_at_within_a_day(self, hospital):
        case = a_patient(hospital)
        recover(hospital, case, "5")
        services.discharge_patient(case=case, left_at=hospital.at, by=hospital.fang, at=hospital.at)
        hospital.at += 10 * DAY
        hospital.test(case, "positive")
        derive_pathways([case.pk], at=hospital.at + HOUR)  # as the loop does for a touched case
        row = hospital.pathway(case)
        assert row.positive_again_at == hospital.at + HOUR
        (owed,) = task("care.positive_again", hospital.at + HOUR)
        assert owed.status == "open"
        services.follow_up(
            case=case,
            seen_at=hospital.at + 3 * HOUR,
            by=hospital.fang,
            at=hospital.at + 3 * HOUR,
            temperature=36.6,
        )
        (owed,) = task("care.positive_again", hospital.at + 3 * HOUR)
        assert owed.status == "done"

    @pytest.mark.parametrize(
        ("signs", "imaging", "is_ill"),
        [(["cough"], ["lesions_worse"], True), (["cough"], [], False), ([], ["lesions_worse"], False)],
    )
    def test_positive_again_is_ill_again_only_with_signs_and_a_worse_image(
        self, hospital, signs, imaging, is_ill
    ):
        case = a_patient(hospital, at=datetime(2020, 4, 12, 10, tzinfo=UTC))
        hospital.round(case, imaging=["lesions_worse"])  # before discharge: does not count
        recover(hospital, case, "7")
        assert explain_recurrence(case, at=hospital.at) is None
        services.discharge_patient(case=case, left_at=hospital.at, by=hospital.fang, at=hospital.at)
        hospital.at += 10 * DAY
        hospital.test(case, "positive")
        hospital.at += 2 * HOUR
        services.follow_up(
            case=case, seen_at=hospital.at, by=hospital.fang, at=hospital.at, signs=signs, imaging=imaging
        )
        derive_pathways([case.pk], at=hospital.at)
        found = explain_recurrence(case, at=hospital.at)
        assert found.is_ill_again is is_ill
        assert ("back to the designated hospital" in found.action.en) is is_ill


class TestDuties:
    def test_a_bed_within_a_day_and_a_round_each_day(self, hospital):
        case = hospital.case()
        case_services.rule_on_case(
            case=case,
            classification="confirmed",
            reason="seen",
            by=hospital.world.actor("alice"),
            at=hospital.at,
        )
        (owed,) = task("care.admit", hospital.at)
        assert owed.status == "open"
        hospital.ward("ordinary")
        hospital.lay(case, hospital.bed("ordinary"))
        (owed,) = task("care.admit", hospital.at)
        assert owed.status == "done"
        assert [t.occasion for t in task("care.round", hospital.at + 2 * DAY).order_by("occasion")] == [
            "2020-02-12", "2020-02-13", "2020-02-14",
        ]  # fmt: skip
        hospital.at += DAY
        hospital.round(case, temperature=37)
        assert task("care.round", hospital.at).get(occasion="2020-02-13").status == "done"


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_columns_are_what_a_fresh_computation_gives(hospital, edition):
    case = a_patient(hospital, EDITIONS[edition])
    recover(hospital, case, edition)
    services.discharge_patient(case=case, left_at=hospital.at, by=hospital.fang, at=hospital.at)
    held = {name: getattr(hospital.pathway(case), name) for name in FIELDS}
    Pathway.objects.all().delete()
    derive_pathways([case.pk], at=hospital.at)
    assert {name: getattr(hospital.pathway(case), name) for name in FIELDS} == held


class TestPage:
    """What a clinician does and reads on the page of a patient."""

    @pytest.fixture
    def page(self, hospital):
        def client_of(login, language="en"):
            client = Client(headers={"accept-language": language})
            client.force_login(hospital.world.users[login])
            return client

        return client_of

    def test_from_the_request_to_the_visit_after_discharge(self, hospital, page, monkeypatch):
        monkeypatch.setattr("lianfang.web.middleware.now", lambda: hospital.at)
        hospital.at = EDITIONS["6"]
        ward = hospital.ward("ordinary", n=2)
        case = hospital.case()
        fang, chen = page("fang"), page("chen")
        care = f"/cases/{case.number}/care"

        def act(name, client=fang, **sent):
            answer = client.post(f"{care}/{name}", sent)
            assert answer.status_code == 302, answer.content.decode()
            return fang.get(care).content.decode()

        act("request", level=1)
        asked = BedRequest.objects.get(case=case)
        assert fang.post(f"{care}/step", {"step": "set_out"}).status_code == 422, "no bed was given yet"
        services.give_bed(request=asked, ward=ward, by=hospital.chen, at=hospital.at)
        act("take_back", client=chen, reason="the ward is needed")
        services.give_bed(request=asked, ward=ward, by=hospital.chen, at=hospital.at)
        hospital.at += HOUR
        assert "120" in act("step", step="set_out", vehicle="120")
        hospital.at += HOUR
        act("lay", bed=asked.reservations.filter(until_at=None).get().bed_id)
        assert "diabetes" in act("comorbidities", conditions=["diabetes"])
        act("comorbidities", conditions=[])
        assert case.comorbidities.filter(superseded_at=None).get().conditions == []
        ahead = (hospital.at + DAY).strftime("%Y-%m-%dT%H:%M")
        assert fang.post(f"{care}/round", {"when": ahead}).status_code == 422, "a round that lies ahead"
        shown = act("round", pao2_fio2="350", altitude_m="3700")
        assert "severe" in shown, "corrected for the altitude: 350 is below 300 there"
        wrong = case.rounds.get()
        answer = fang.post(f"{care}/entries/round/{wrong.pk}/withdraw", {"reason": "another patient"})
        assert answer.status_code == 302
        assert not case.rounds.filter(superseded_at=None).exists()
        act("treat", what="oxygen", dose="3 l")
        hospital.at += HOUR
        act("stop", treatment=case.treatments.get().pk, reason="better")
        assert case.treatments.get().stopped_because == "better"
        shown = fang.get(care).content.decode()
        assert shown.count("<strong>missing</strong>") == 4
        assert "visits in weeks 2, 4" in shown
        act("leave", how="discharged", reason="by wish of the family")
        shown = fang.get(care).content.decode()
        assert "without" in shown
        assert "by wish of the family" in shown
        hospital.at += 8 * DAY
        shown = act("follow_up", week=2, temperature="36.5", needs_counselling="on")
        assert "visit of week 2" in shown
        act("support", aid="counselling")
        assert "缺" in page("fang", "zh-hans").get(care).content.decode()

    def test_every_door_keeps_stays_apart(self, hospital, page):
        """Page, REST and service; the tables are in `test_tables`, processes at once in `acceptance/test_last_bed`."""
        hospital.ward("ordinary", n=2)
        first, second = hospital.case(), hospital.case()
        taken, free = hospital.bed("ordinary"), hospital.bed("ordinary", 1)
        hospital.lay(first, taken)
        fang = page("fang")
        assert fang.post(f"/cases/{second.number}/care/lay", {"bed": taken.pk}).status_code == 422
        body = {"bed": taken.pk, "lies_from": hospital.at.isoformat()}
        answer = fang.post(f"/api/cases/{second.number}/stays", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, "care.bed_taken")
        hospital.lay(first, free)  # elsewhere from the same moment: the stay before is over
        assert Stay.objects.current().at(hospital.at).filter(case=first).count() == 1
