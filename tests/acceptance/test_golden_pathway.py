"""The golden scenario beyond contacts: bed, quarantine in two counties, grade and measures, discharge, release, bulletin.

`test_golden_scenario` goes from the gate to the release of contacts in February; this is March, when grades are in force.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lianfang.bulletins.selectors import proof_of
from lianfang.bulletins.services import draft_bulletin, issue_bulletin
from lianfang.care import services as care
from lianfang.care.errors import CriteriaMissing
from lianfang.care.models import BedRequest, CareLevel, Departure, Pathway, Stage
from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.common.clock import site_zone
from lianfang.contacts import services as contacts
from lianfang.contacts.models import Contact
from lianfang.core.access.models import Grant, User
from lianfang.intake.services import ensure_source, receive_message
from lianfang.loop.models import Feedback, Finding, Task
from lianfang.loop.worker import sweep
from lianfang.measures.models import Measure
from lianfang.measures.services import decide_switch
from lianfang.planning.services import accept_lines, propose_beds
from lianfang.regions.models import Grade
from lianfang.regions.night import compute
from lianfang.regions.services import decide_grade
from tests.acceptance.story import HOUR, Story
from tests.acceptance.test_golden_scenario import DISEASE, NANMEN, XICHENG, task_of
from tests.world import a_person, build_world

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def march(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2020 at the site; days beyond 31 run on into April."""
    first = datetime(2020, 3, 1, hour, minute, tzinfo=site_zone())
    return (first + (day - 1) * DAY).astimezone(UTC)


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Story:
    settings.REGIONS_DIR = str(tmp_path / "regions")
    told = Story(build_world(march(4, 9)), march(4, 9))
    monkeypatch.setattr("lianfang.web.middleware.now", lambda: told.at)
    monkeypatch.setattr("lianfang.api.door.now", lambda: told.at)
    user = User(login="sun", name="Sun", unit=told.world.units["42-nha"])
    user.set_unusable_password()
    user.save()
    place = told.world.places["42"]
    Grant.objects.create(
        user=user, role="supervisor", place=place, path=place.path, from_at=told.at - 30 * DAY
    )
    told.world.users["sun"] = user
    return told


def whole(story: Story) -> None:
    """After a sweep, which brings the days that have come, nothing is missing and nothing orphaned."""
    assert sweep(at=story.at).failed == []
    story.is_whole()


def confirmed_by_the_laboratory(story: Story) -> Case:
    """A suspected case, confirmed by a message; a bed within a day is owed by the hospital of the county."""
    home = story.world.places[NANMEN]
    case = cases.open_case(
        person=a_person(story.world, NANMEN), disease=DISEASE, place=story.world.places["420106"],
        diagnosis="suspected", by=story.who("fang"), at=story.at,
    )  # fmt: skip
    signs = {"fever": True, "cough": True, "temperature": 38.4, "white_cells": 3.6, "lymphocytes": 0.9}
    cases.record_signs(
        case=case, signs=signs, seen_at=story.at, onset_on=date(2020, 3, 2), by=story.who("fang"), at=story.at
    )
    cases.record_epi_link(
        case=case, kind="affected_area", from_on=date(2020, 2, 25), by=story.who("fang"), at=story.at
    )
    story.go(march(4, 15))
    lab = story.world.units["420106-lab"]
    source = ensure_source(code="lab", unit=lab, by=story.who("alice"), at=story.at)
    message = {
        "case_number": case.number,
        "sample_number": "S-1",
        "specimen": "nasopharyngeal_swab",
        "sampled_at": "2020-03-04T10:00:00+08:00",
        "received_at": "2020-03-04T10:40:00+08:00",
        "test": "rt_pcr",
        "finding": "positive",
        "resulted_at": "2020-03-04T14:00:00+08:00",
        "result_key": "R-1",
    }
    signal, _ = receive_message(
        source=source, target="lab_result", message=message, by=story.who("emil"), at=story.at
    )
    story.seen["signal"] = signal
    story.turn()
    case.refresh_from_db()
    assert case.classification == "confirmed"
    assert home.path.startswith(case.path)
    admit = task_of("care.admit", case.pk)
    assert (admit.status, admit.unit.code) == ("open", "420106-hosp")
    finding = Finding.objects.get(kind="cases.classification", subject_id=case.pk)
    story.client("alice").post(
        f"/findings/{finding.pk}", {"decision": "confirmed", "reason": "positive test, fever, cough"}
    )
    story.turn()
    return case


def proposed_and_given_a_bed(story: Story, case: Case) -> None:
    """The optimiser proposes a ward and says why; a person gives it; the patient lies there and the duty is met."""
    fang, chen = story.who("fang"), story.who("chen")
    hospital = story.world.units["420106-hosp"]
    for name, level in (("ordinary", CareLevel.ORDINARY), ("severe", CareLevel.SEVERE)):
        ward = care.set_up_ward(
            unit=hospital, name=name, level=level, rooms_shared=False, by=fang, at=story.at
        )
        care.change_beds(ward=ward, n=1, from_at=story.at, by=fang, at=story.at)
    asked = care.request_bed(case=case, level=CareLevel.SEVERE, by=fang, at=story.at)
    story.turn()
    assert task_of("care.answer", asked.pk).unit.code == "4201-cdc"
    proposal = propose_beds(place=story.world.places["4201"], by=chen, at=story.at)
    line = proposal.lines.get()
    assert (line.ward.name, bool(line.reason)) == ("severe", True)
    assert BedRequest.objects.get(pk=asked.pk).ward is None, "a proposal gives nothing"
    assert accept_lines(lines=[line], by=chen, at=story.at)["accepted"] == 1
    story.turn()
    assert task_of("care.answer", asked.pk).status == "done"
    asked.refresh_from_db()
    story.go(story.at + HOUR)
    care.report_step(
        request=asked, step="set_out", happened_at=story.at, by=story.who("fang"), at=story.at, vehicle="120"
    )
    story.go(story.at + HOUR)
    bed = asked.reservations.get(until_at=None).bed
    care.lay_down(case=case, bed=bed, lies_from=story.at, by=story.who("fang"), at=story.at)
    story.turn()
    admit = task_of("care.admit", case.pk)
    assert (admit.status, admit.met_at) == ("done", story.at)


def quarantined_where_they_live(story: Story, case: Case) -> list[Contact]:
    """A room, a test and supplies are owed for each contact in their own county, and by the level above where no unit can."""
    named = [
        contacts.name_contact(
            person=a_person(story.world, place), case=case, last_contact_on=date(2020, 3, 3), setting="household",
            by=story.who("alice"), at=story.at,
        )
        for place in (NANMEN, XICHENG)
    ]  # fmt: skip
    story.turn()
    for contact, name, county in zip(named, ("alice", "dina"), ("420106", "420107"), strict=True):
        assert task_of("contacts.notify", contact.pk).unit.code == f"{county}001-com"
        assert task_of("contacts.place", contact.pk).unit.code == f"{county}-cdc"
        contacts.notify_contact(contact=contact, notified_at=story.at, by=story.who(name), at=story.at)
        assert story.client(name).post(f"/contacts/{contact.pk}/acts/place", {}).status_code == 302
    story.go(story.at + 4 * DAY, step=6 * HOUR)
    for contact, county, supplier in zip(
        named, ("420106", "420107"), ("420106-depot", "4201-cdc"), strict=True
    ):
        stay = contact.stays.get()
        assert task_of("contacts.place", contact.pk).status == "done"
        supplies = Task.objects.filter(duty="contacts.supply", subject_id=stay.pk)
        assert {task.unit.code for task in supplies.select_related("unit")} == {supplier}
        owed = Task.objects.filter(duty__in=("contacts.observe", "contacts.measure"), subject_id=contact.pk)
        assert {task.unit.code for task in owed.select_related("unit")} == {f"{county}001-com"}
    return named


def graded_and_measures_switched_on(story: Story) -> None:
    """The night works out the county's grade, the province confirms it, and what it switches on becomes work of units."""
    county = story.world.places["420106"]
    assert not Task.objects.filter(duty__startswith="measures.").exists()
    compute(DISEASE, at=story.at)
    finding = Finding.objects.get(kind="regions.grade", subject_id=county.pk, withdrawn_at=None)
    assert finding.key == f"{DISEASE}:medium"
    story.turn()
    assert task_of("loop.judge", finding.pk).unit.code == "42-nha"
    assert not Grade.objects.exists(), "the machine grades nobody"
    decide_grade(finding=finding, level="medium", reason="one new case", by=story.who("sun"), at=story.at)
    story.go(story.at + 6 * HOUR)
    switch = Finding.objects.standing().get(kind="measures.switch", subject_id=county.pk)
    assert not Measure.objects.exists(), "a grade alone restricts nobody"
    who = {"reason": "as the grade asks", "by": story.who("chen"), "at": story.at}
    decide_switch(finding=switch, on=switch.evidence["on"], off=[], **who)
    story.go(story.at + DAY, step=6 * HOUR)
    assert set(Measure.objects.in_force().values_list("kind", flat=True)) == set(switch.evidence["on"])
    work = Task.objects.filter(duty__startswith="measures.").exclude(status="void").select_related("unit")
    assert work
    assert all(task.path.startswith(county.path) for task in work), "of this county alone"
    whole(story)


def discharged_and_released(story: Story, case: Case) -> None:
    """Criteria of the edition make a decision owed; a person takes it; fourteen days and two visits follow, then release."""
    with pytest.raises(CriteriaMissing):
        care.discharge_patient(case=case, left_at=story.at, by=story.who("fang"), at=story.at)
    well = {"temperature": 36.5, "respiratory": "clearly_improved"}
    for n in range(4):
        story.go(story.at + DAY, step=6 * HOUR)
        seen = well if n < 3 else {**well, "imaging": ["exudate_improved"]}
        care.record_round(case=case, seen_at=story.at, by=story.who("fang"), at=story.at, **seen)
        if n in (1, 3):
            sample = cases.record_sample(
                case=case, number=f"S-9{n}", specimen="sputum", taken_at=story.at - 3 * HOUR,
                by=story.who("emil"), at=story.at,
            )  # fmt: skip
            cases.record_result(
                sample=sample, kind="rt_pcr", finding="negative", resulted_at=story.at,
                by=story.who("emil"), at=story.at,
            )  # fmt: skip
    story.turn()
    assert task_of("care.decide_discharge", case.pk).status == "open"
    care.discharge_patient(case=case, left_at=story.at, by=story.who("fang"), at=story.at)
    story.turn()
    left = Departure.objects.get()
    assert task_of("care.decide_discharge", case.pk).status == "done"
    assert (Pathway.objects.get(case=case).stage, left.regime) == (Stage.OBSERVED, "isolation_management")
    visits = Task.objects.filter(duty="care.follow_up", status="open").order_by("due_at")
    assert [task.due_at - left.occurred_at for task in visits] == [14 * DAY, 28 * DAY]
    story.seen["left_on"] = story.at.astimezone(site_zone()).date()
    story.go(story.at + 13 * DAY, step=12 * HOUR)
    assert Pathway.objects.get(case=case).stage == Stage.OBSERVED
    care.follow_up(case=case, seen_at=story.at, by=story.who("fang"), at=story.at, week=2, temperature=36.5)
    story.go(story.at + 3 * DAY, step=12 * HOUR)
    assert Pathway.objects.get(case=case).stage == Stage.RELEASED
    assert visits.all().count() == 1, "the visit of the second week was made"


def lowered_again(story: Story) -> None:
    """Fourteen days without a new case: a lower grade is proposed, and with it the end of what the higher one brought."""
    county = story.world.places["420106"]
    compute(DISEASE, at=story.at)
    finding = Finding.objects.get(
        kind="regions.grade", subject_id=county.pk, key=f"{DISEASE}:low", withdrawn_at=None
    )
    decide_grade(finding=finding, level="low", reason="14 days without", by=story.who("sun"), at=story.at)
    held = set(Measure.objects.in_force().values_list("kind", flat=True))
    story.go(story.at + 6 * HOUR)
    switch = Finding.objects.standing().get(kind="measures.switch", subject_id=county.pk)
    assert set(switch.evidence["off"]) == held
    assert set(Measure.objects.in_force().values_list("kind", flat=True)) == held, "a person ends it, too"


def told_and_published(story: Story, case: Case) -> None:
    """The laboratory hears what became of its message, and the bulletin counts what is on file, to each number's rows."""
    lab = story.world.units["420106-lab"]
    told = Feedback.objects.filter(signal_id=story.seen["signal"].pk)
    assert set(told.values_list("unit_id", flat=True)) == {lab.pk}
    assert list(told.values_list("stage", flat=True)) == ["confirmed"]
    case.refresh_from_db()
    assert case.outcome == "recovered"
    chen, county = story.who("chen"), story.world.places["420106"]
    for on, existing in ((date(2020, 3, 4), 1), (story.seen["left_on"], 0)):
        row = draft_bulletin(disease=DISEASE, place=county, on=on, by=chen, at=story.at)
        own = row.figures["own"]
        n_new = Case.objects.filter(
            path__within=county.path, confirmed_at__gte=_begins(on), confirmed_at__lt=_begins(on) + DAY
        )
        assert own["confirmed"] == n_new.count() == existing
        assert (
            own["total"]
            == Case.objects.filter(path__within=county.path, confirmed_at__lt=_begins(on) + DAY).count()
        )
        assert own["existing"] == existing
        issued = issue_bulletin(bulletin=row, by=chen, at=story.at)
        proof = proof_of(issued)
        assert (proof.is_whole, proof.differs) == (True, {})


def _begins(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=site_zone())


def test_from_the_bed_to_the_bulletin(story: Story) -> None:
    case = confirmed_by_the_laboratory(story)
    proposed_and_given_a_bed(story, case)
    quarantined_where_they_live(story, case)
    graded_and_measures_switched_on(story)
    discharged_and_released(story, case)
    lowered_again(story)
    told_and_published(story, case)
    whole(story)
