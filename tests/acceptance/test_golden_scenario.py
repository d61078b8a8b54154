"""One outbreak from a reading at a gate to the release of the last contact, through intake, doors and services.

The story of the reference (platforms, section 6) as far as the apps go that exist. Each step names what it proves; the
clock moves with the story, and the loop turns on it.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from lianfang.cases import services as cases
from lianfang.cases.facts import known_of
from lianfang.cases.models import Case, Result, Sample, Screening, StatusChange
from lianfang.cases.stages import Stage, story_of
from lianfang.common.clock import site_zone
from lianfang.contacts import services as contacts
from lianfang.contacts.models import Contact, FollowUp
from lianfang.core.access.actor import Actor
from lianfang.core.audit import chain
from lianfang.core.audit.models import Event
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Person
from lianfang.core.registry.services import merge_people, register_person, resolve_people
from lianfang.intake.models import Signal
from lianfang.intake.services import ensure_source, receive_message
from lianfang.loop.coverage import coverage_in
from lianfang.loop.metrics import loop_metrics
from lianfang.loop.models import Escalation, Feedback, Finding, Message, Task, Verification
from lianfang.loop.selectors import feedback_to, owed_at
from lianfang.loop.timeliness import seven_one_seven
from lianfang.loop.worker import sweep
from tests.acceptance.story import HOUR, Story, local
from tests.acceptance.wholeness import gaps
from tests.world import build_world

pytestmark = pytest.mark.django_db

DISEASE = "covid_19_cn_2020"
EVERYONE = Actor.system("test")
NANMEN, XICHENG = "420106001001", "420107001"


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    start = local(12, 8, 30)
    world = build_world(start)
    told = Story(world, start)
    # The clock of the doors is the story's: the one thing outside that a story has to hold.
    monkeypatch.setattr("lianfang.web.middleware.now", lambda: told.at)
    monkeypatch.setattr("lianfang.api.door.now", lambda: told.at)
    return told


def task_of(duty: str, subject: int, **fields: Any) -> Task:
    task: Task = Task.objects.select_related("unit").get(duty=duty, subject_id=subject, **fields)
    return task


# ---- collect, analyse


def reading_at_the_gate(story: Story) -> Screening:
    """38.4 °C at a checkpoint is a signal, and within two hours somebody of the township looks."""
    source = ensure_source(
        code="gate-nanmen", unit=story.world.units["420106-gate"], by=story.who("alice"), at=story.at
    )
    message = {
        "external_id": "g-1",
        "checkpoint": "420106-gate",
        "read_at": "2020-02-12 08:30",
        "temperature": "38.4",
        "name": "张伟",
        "phone": "13812345678",
    }
    for _ in range(2):  # the gate sends twice
        signal, _outcome = receive_message(
            source=source, target="screening", message=message, by=story.who("bao"), at=story.at
        )
    story.seen["signal"] = signal
    story.go(local(12, 8, 45))
    reading = Screening.objects.get()
    task = task_of("cases.screen", reading.pk)
    assert (task.unit.code, task.due_at) == ("420106001-com", local(12, 10, 30))
    assert reading.signal_id == signal.pk
    return reading


def look_at_the_person(story: Story, reading: Screening) -> Case:
    """The look is recorded on the page and opens a suspected case, which the county answers for."""
    story.go(local(12, 9, 40))
    answer = story.client("bao").post(
        f"/screenings/{reading.pk}", {"conclusion": "suspected", "disease": DISEASE}
    )
    assert answer.status_code == 302
    story.turn()
    case = Case.objects.get()
    assert (case.classification, case.place.code) == ("suspected", "420106")
    screen = task_of("cases.screen", reading.pk)
    assert (screen.status, screen.met_at) == ("done", story.at)
    sample = task_of("cases.sample", case.pk)
    assert (sample.status, sample.unit.code) == ("open", "420106-cdc")
    cases.record_signs(
        case=case,
        signs={"fever": True, "cough": True, "temperature": 38.4, "white_cells": 3.6, "lymphocytes": 0.9},
        seen_at=story.at,
        onset_on=date(2020, 2, 10),
        by=story.who("fang"),
        at=story.at,
    )
    cases.record_epi_link(
        case=case, kind="affected_area", from_on=date(2020, 2, 3), by=story.who("fang"), at=story.at
    )
    story.remember()
    return case


def laboratory(story: Story, case: Case) -> None:
    """The result comes before the message about its sample, and twice: one sample, one result, one duty closed."""
    source = ensure_source(
        code="lab", unit=story.world.units["420106-lab"], by=story.who("alice"), at=story.at
    )
    result = {
        "case_number": case.number,
        "sample_number": "S-77",
        "test": "rt_pcr",
        "finding": "positive",
        "resulted_at": "2020-02-12T15:00:00+08:00",
        "result_key": "R-1",
    }
    sample = {
        "case_number": case.number,
        "sample_number": "S-77",
        "specimen": "nasopharyngeal_swab",
        "sampled_at": "2020-02-12T10:00:00+08:00",
        "received_at": "2020-02-12T10:40:00+08:00",
    }
    story.go(local(12, 15, 10))
    for message, key in ((result, ""), (result, ""), (sample, ""), (result, "sent again")):
        receive_message(
            source=source, target="lab_result", message=message, by=story.who("emil"), at=story.at, key=key
        )
        story.turn()
    assert (Sample.objects.count(), Result.objects.count()) == (1, 1)
    tested = Task.objects.get(duty="cases.test")
    assert (tested.status, tested.met_at) == ("done", local(12, 15))
    # That the sample made a case of the suspect does not undo that it was owed and taken in time.
    taken = task_of("cases.sample", case.pk)
    assert (taken.status, taken.met_at) == ("done", local(12, 10))


def confirmed(story: Story, case: Case) -> None:
    """The case is confirmed; page and trail show by which criterion of which edition, and a person decides on it."""
    case.refresh_from_db()
    assert case.classification == "confirmed"
    assert case.criterion
    assert case.edition.startswith("covid_19_cn_2020/diagnosis@5")
    change = StatusChange.objects.filter(case=case).latest("pk")
    assert (change.after, change.criterion, change.edition) == ("confirmed", case.criterion, case.edition)
    page = story.client("alice").get(f"/cases/{case.number}").content.decode()
    assert "Case definition, 5th protocol, Hubei" in page
    assert "Suspected or clinically diagnosed case with one aetiological proof" in page
    finding = Finding.objects.get(kind="cases.classification", subject_id=case.pk)
    assert task_of("loop.judge", finding.pk).status == "open"
    answer = story.client("alice").post(
        f"/findings/{finding.pk}", {"decision": "confirmed", "reason": "positive test, fever, cough"}
    )
    assert answer.status_code == 302
    story.turn()
    assert task_of("loop.judge", finding.pk).status == "done"
    investigate = task_of("cases.investigate", case.pk)
    assert (investigate.due_at, investigate.unit.code) == (local(13, 15), "420106-cdc")


# ---- assess, push


def false_completions(story: Story, case: Case) -> None:
    """A word does not close what a record proves; a false word is rejected by the second unit and the clock runs on."""
    investigate = task_of("cases.investigate", case.pk)
    answer = story.post("alice", f"/api/tasks/{investigate.pk}/completion", {"note": "done, believe me"})
    assert (answer.status_code, answer.json()["code"]) == (409, "loop.proved_by_record")
    event = task_of("cases.report_event", case.pk)
    due = event.due_at
    assert due == local(12, 17)
    assert story.post("alice", f"/api/tasks/{event.pk}/completion", {"note": "filed"}).status_code == 200
    story.turn()
    check = Verification.objects.get(task=event)
    assert (check.unit.code, task_of("loop.verify", check.pk).status) == ("4201-cdc", "open")
    assert task_of("cases.report_event", case.pk).status == "done"
    story.go(local(12, 16))
    answer = story.client("chen").post(
        "/verifications",
        {"verification": check.pk, "accepted": "0", "reason": "the event system holds no such report"},
    )
    assert answer.status_code == 302
    story.turn()
    again = task_of("cases.report_event", case.pk)
    assert (again.status, again.due_at, again.met_at) == ("open", due, None)
    story.go(local(12, 16, 30))
    assert story.post("alice", f"/api/tasks/{event.pk}/completion", {"note": "filed now"}).status_code == 200
    story.turn()
    second = Verification.objects.exclude(pk=check.pk).get(task=event)
    story.client("chen").post(f"/verifications/{second.pk}", {"accepted": "1", "reason": "receipt seen"})
    story.turn()
    assert task_of("cases.report_event", case.pk).status == "done"


def list_contacts(story: Story, case: Case) -> list[Contact]:
    """Twelve contacts, three in the next county, one on file under another spelling: their own units are told."""
    home, away = story.world.places[NANMEN], story.world.places[XICHENG]
    known = register_person(
        row=PersonCandidate(
            name="王晓明", sex="male", birth_date=date(1980, 3, 5), phone="13912345678", path=home.path,
            place_id=home.pk,
        ),
        by=story.who("gao"),
        at=story.at,
    )  # fmt: skip
    story.go(local(12, 17))
    names = [
        "赵国强",
        "钱丽华",
        "孙建军",
        "李秀英",
        "周志远",
        "吴桂兰",
        "郑海涛",
        "冯玉梅",
        "陈立新",
        "褚红霞",
        "卫东升",
    ]
    rows = [
        PersonCandidate(
            name=name,
            sex="female" if n % 2 else "male",
            birth_date=date(1950 + 4 * n, 1 + n, 3 + 2 * n),
            phone=f"1370000{n:04d}",
            place_id=(away if n < 3 else home).pk,
            path=(away if n < 3 else home).path,
        )
        for n, name in enumerate(names)
    ]
    rows.append(
        PersonCandidate(name="WANG Xiao-Ming", phone="+86 139 1234 5678", birth_date=date(1980, 3, 5))
    )
    before = Person.objects.count()
    people = [one.person for one in resolve_people(rows, by=story.who("alice"), at=story.at)]
    assert people[-1].pk == known.pk
    assert Person.objects.count() == before + 11
    named = [
        contacts.name_contact(
            person=person, case=case, last_contact_on=date(2020, 2, 11), setting="household",
            by=story.who("alice"), at=story.at,
        )
        for person in people
    ]  # fmt: skip
    story.turn()
    for contact in named:
        task = task_of("contacts.notify", contact.pk)
        is_away = contact.place.code == XICHENG
        assert task.unit.code == ("420107001-com" if is_away else "420106001-com")
        assert task.due_at == story.at + 24 * HOUR
        first_day = Task.objects.get(duty="contacts.observe", subject_id=contact.pk)
        assert (first_day.occasion, first_day.unit_id) == ("2020-02-12", task.unit_id)
        placing = task_of("contacts.place", contact.pk)
        assert placing.unit.code == ("420107-cdc" if is_away else "420106-cdc")
    # The plans before September 2020 name no days on which contacts are tested.
    assert not Task.objects.filter(duty="contacts.swab").exists()
    assert task_of("contacts.list", case.pk).status == "done"
    assert {c.pk for c in Contact.objects.visible_to(story.who("dina"))} == {c.pk for c in named[:3]}
    return named


def investigate(story: Story, case: Case) -> None:
    """The investigation is the record that closes its duty, in time."""
    story.remember()
    story.go(local(12, 20))
    body = {
        "completed_at": story.at.isoformat(),
        "onset_asked": True,
        "exposures_asked": True,
        "places_asked": True,
        "contacts_asked": True,
        "n_contacts_named": 12,
    }
    assert story.post("alice", f"/api/cases/{case.number}/investigations", body).status_code == 200
    story.turn()
    done = task_of("cases.investigate", case.pk)
    assert (done.status, done.met_at) == ("done", story.at)


def visit(story: Story, contact: Contact, name: str, **fields: Any) -> None:
    contacts.record_observation(
        contact=contact, seen_at=story.at, by=story.who(name), at=story.at,
        **{"seen": "seen_ok", "temperature": 36.6, **fields},
    )  # fmt: skip


def two_hours_without_a_worker(story: Story, named: list[Contact]) -> None:
    """Dongshan visits while no worker runs; the first turn afterwards heals everything."""
    story.go(local(13, 10))
    story.outage(local(13, 11))
    for contact in named[3:]:
        url = f"/api/contacts/{contact.pk}/visits"
        body = {
            "seen": "seen_ok",
            "seen_at": story.at.isoformat(),
            "temperature": 36.5,
            "key": f"v-{contact.pk}",
        }
        assert story.post("bao", url, body).status_code == 200
        assert story.post("bao", url, body).status_code == 200  # the phone sends twice
    story.outage(local(13, 12))
    assert Task.objects.filter(duty="contacts.notify", status="open").count() == 12
    assert gaps(story.at)
    story.turn()
    story.is_whole()
    assert Task.objects.filter(duty="contacts.notify", status="open").count() == 3


def silence_climbs(story: Story, named: list[Contact]) -> None:
    """Xihe's clinic is silent: county, prefecture, province; digests leave in the morning, not in the night."""
    due = local(13, 17)
    story.go(local(14, 18))
    silent = {task_of("contacts.notify", contact.pk).pk for contact in named[:3]}
    steps = Escalation.objects.filter(task__in=silent)
    told: dict[int, set[Any]] = {rung: set() for rung in (1, 2, 3)}
    for rung, unit, at, digest in steps.values_list("rung", "unit__code", "at", "digest__queued_at"):
        told[rung].add((unit, at, digest))
    assert told[1] == {("420107-cdc", due + HOUR, due + HOUR)}
    # Six hours late falls into the quiet hours: the step is on record, the prefecture is told at seven.
    assert told[2] == {("4201-cdc", local(14, 0), local(14, 7))}
    assert told[3] == {("42-nha", local(14, 18), local(14, 18))}
    assert steps.count() == 9
    digests = Message.objects.filter(kind="escalation")
    assert all(7 <= m.queued_at.astimezone(site_zone()).hour < 22 for m in digests)
    assert all(m.sent_at is not None for m in digests)
    for contact in named[:3]:
        contacts.notify_contact(contact=contact, notified_at=story.at, by=story.who("dina"), at=story.at)
    story.turn()
    assert Escalation.objects.filter(task__in=silent, task__status="open").count() == 0


# ---- verify


def a_contact_falls_ill(story: Story, contact: Contact) -> Case:
    """Signs at a visit are a duty; it is met by a case, whose positive test confirms it - for now."""
    visit(story, contact, "bao", seen="seen_not_ok", temperature=38.0, signs=["cough"])
    story.turn()
    signs = Task.objects.get(duty="contacts.signs")
    assert (signs.status, signs.due_at) == ("open", story.at + 2 * HOUR)
    story.go(story.at + HOUR)
    second = cases.open_case(
        person=contact.person,
        disease=DISEASE,
        place=story.world.places["420106"],
        by=story.who("alice"),
        at=story.at,
    )
    sample = cases.record_sample(
        case=second, number="S-78", specimen="nasopharyngeal_swab", taken_at=story.at, received_at=story.at,
        by=story.who("emil"), at=story.at,
    )  # fmt: skip
    cases.record_result(
        sample=sample, kind="rt_pcr", finding="positive", resulted_at=story.at, key="R-2", by=story.who("emil"),
        at=story.at,
    )  # fmt: skip
    story.turn()
    second.refresh_from_db()
    assert second.classification == "confirmed"
    assert task_of("cases.investigate", second.pk).status == "open"
    assert Contact.objects.get(pk=contact.pk).status == FollowUp.BECAME_CASE
    assert Task.objects.get(duty="contacts.signs").status == "done"
    return second


def a_test_is_withdrawn(story: Story, case: Case, second: Case) -> None:
    """The tubes were mixed up: what rested on the result is withdrawn with the reason, all else stays."""
    story.go(story.at + 3 * HOUR)
    before = dict(Task.objects.exclude(status="void").values_list("pk", "status"))
    result = Result.objects.get(key="R-2")
    cases.withdraw_fact(fact=result, reason="tubes mixed up", by=story.who("alice"), at=story.at)
    story.turn()
    second.refresh_from_db()
    assert second.classification == "suspected"
    void = Task.objects.filter(pk__in=before, status="void")
    about = {("cases.investigate", second.pk), ("contacts.list", second.pk), ("care.admit", second.pk)}
    # One confirmed case alone is no cluster: reporting those that the two made is no longer owed either.
    computed = {"loop.judge", "outlook.report_cluster"}
    assert set(void.exclude(duty__in=computed).values_list("duty", "subject_id")) == about
    assert void.filter(duty="outlook.report_cluster").exists()
    assert all(task.void_because for task in void)
    rest = Task.objects.exclude(pk__in=void.values("pk")).filter(pk__in=before)
    # Only the test of the second sample is owed again: its evidence went.
    changed = {t.duty for t in rest if before[t.pk] != t.status}
    assert changed == {"cases.test"}
    assert task_of("cases.investigate", case.pk).status == "done"
    story.is_whole()
    cases.rule_on_case(
        case=second,
        classification="excluded",
        reason="two negative tests elsewhere",
        by=story.who("alice"),
        at=story.at,
    )
    story.turn()
    assert Contact.objects.get(case=case, person=second.person_id).status == FollowUp.UNDER


def merged_and_moved(story: Story, case: Case, named: list[Contact], second: Case) -> list[Contact]:
    """Two records were one person, and another county takes a case over: nothing is missing, nothing orphaned."""
    kept, merged = named[4], named[5]
    merge_people(
        kept=kept.person, merged=merged.person, reason="one identity card", by=story.who("alice"), at=story.at
    )
    story.turn()
    story.is_whole()
    assert Task.objects.filter(subject_id=merged.pk, duty__startswith="contacts.", status="open").count() == 0
    assert Contact.objects.filter(case=case).count() == 11
    cases.move_case(
        case=second,
        place=story.world.places["420107"],
        reason="lives there",
        by=story.who("alice"),
        at=story.at,
    )
    story.turn()
    story.is_whole()
    review = Task.objects.filter(duty="cases.review", subject_id__in=second.reports.values("pk")).get()
    assert review.unit.code == "420107-cdc"
    story.remember()
    return [contact for contact in named if contact.pk != merged.pk]


# ---- feed back


def observed_to_the_end(story: Story, named: list[Contact]) -> None:
    """Everyone is seen every day; the observation ends by itself after the fourteenth.

    Meanwhile the sixth protocol comes into force: the case is judged anew by it, and nothing is owed twice for that.
    """
    for day in range(15, 26):
        story.go(local(day, 9), step=6 * HOUR)
        for n, contact in enumerate(named):
            visit(story, contact, "dina" if n < 3 else "bao")
        story.turn()
    covered = {one.coverage.code: one for one in coverage_in(story.who("alice"), at=story.at)}
    observed = covered["contacts.observed"]
    assert (observed.n_should, observed.n_covered, observed.share) == (11, 11, 1.0)
    # The twin tells what the fine figure hides: the one new case had not been a known contact.
    assert observed.twin is not None
    assert (observed.twin.n_should, observed.twin.n_covered) == (1, 0)
    story.go(local(26, 1), step=6 * HOUR)
    assert sweep(at=story.at).failed == []
    statuses = set(Contact.objects.filter(pk__in=[c.pk for c in named]).values_list("status", flat=True))
    assert statuses == {FollowUp.COMPLETED}
    anew = StatusChange.objects.get(case__confirmed_at__isnull=False, because="new_edition")
    assert (anew.before, anew.after, anew.edition) == (
        "confirmed",
        "confirmed",
        "covid_19_cn_2020/diagnosis@6",
    )
    assert Task.objects.filter(duty="contacts.observe", occasion__gte="2020-02-26").count() == 0
    story.is_whole()


def the_source_hears(story: Story, case: Case) -> None:
    """The checkpoint hears what became of its reading, once a stage; the trace of its signal has all six stages."""
    cases.record_outcome(case=case, kind="recovered", on=date(2020, 2, 25), by=story.who("fang"), at=story.at)
    story.turn()
    signal = Signal.objects.get(pk=story.seen["signal"].pk)
    gate = story.world.units["420106-gate"]
    told = list(Feedback.objects.filter(signal_id=signal.pk).values_list("stage", "unit_id"))
    assert sorted(told) == sorted({(stage, gate.pk) for stage in ("judged", "confirmed", "done")})
    assert {one.stage for one in feedback_to(gate.pk)} >= {"judged", "confirmed", "done"}
    found = story_of(story.who("alice"), signal)
    assert found.reached == frozenset(Stage)
    page = story.client("alice").get(f"/signals/{signal.pk}")
    assert page.status_code == 200
    assert case.number in page.content.decode()


def the_figures(story: Story, case: Case) -> None:
    """The loop measures itself, for the prefecture: in time, late, rejected, climbed; 7-1-7 of the first case."""
    chen = story.who("chen")
    period: dict[str, Any] = {"at": story.at, "since": local(12, 0), "until": story.at}
    lines = {line.duty: line for line in loop_metrics(chen, **period)}
    assert (lines["cases.investigate"].created, lines["cases.investigate"].on_time) == (1, 1)
    assert lines["cases.investigate"].median_hours == 5.0
    assert lines["cases.investigate"].withdrawn == 1
    assert lines["cases.report_event"].rejected == 1
    assert (lines["contacts.notify"].late, lines["contacts.notify"].escalated) == (3, 3)
    whole = loop_metrics(chen, by=(), **period)[0]
    assert whole.share_usable == 1.0
    assert whole.usable == Task.objects.filter(pk__in=_of(chen), status="done").count()
    times = [one for one in seven_one_seven(chen, at=story.at) if one.name == case.number]
    assert [one.all_on_target for one in times] == [True]
    assert times[0].respond.days == pytest.approx((local(12, 20) - case.reported_at) / timedelta(days=1))


def _of(actor: Actor) -> Any:
    return Task.objects.visible_to(actor).filter(since_at__gte=local(12, 0)).values("pk")


def replayed(story: Story, case: Case) -> None:
    """What was owed and known at three hours of the past is what was written down at those hours."""
    assert len(story.snapshots) == 3
    for moment, noted in story.snapshots.items():
        replay = {(one.task_id, one.unit_id, one.due_at) for one in owed_at(EVERYONE, moment)}
        assert replay == noted, moment
    first, second, third = (known_of([case.pk], as_known=moment)[case.pk] for moment in story.snapshots)
    assert [len(known.results) for known in (first, second, third)] == [0, 1, 1]
    assert [len(known.investigations) for known in (first, second, third)] == [0, 0, 1]


def the_record_holds(story: Story) -> None:
    """The record is sealed and whole; whoever lifts the trigger and changes one row is found, to the row."""
    sealed = chain.seal(at=story.at)
    assert sum(one.n_events for one in sealed) == Event.objects.count() > 200
    assert chain.verify().is_intact
    victim = Event.objects.filter(tag__startswith="cases.").order_by("pk")[3]
    table = Event._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f'DROP TRIGGER "{table}_grows" ON "{table}"')
        else:
            cursor.execute(f'DROP TRIGGER "{table}_no_update"')
        cursor.execute(f'UPDATE "{table}" SET reason = %s WHERE id = %s', ["nothing happened", victim.pk])
    found = chain.verify()
    assert not found.is_intact
    assert found.broken_event == victim.pk


def test_from_the_gate_to_the_release(story: Story) -> None:
    reading = reading_at_the_gate(story)
    case = look_at_the_person(story, reading)
    laboratory(story, case)
    confirmed(story, case)
    false_completions(story, case)
    named = list_contacts(story, case)
    investigate(story, case)
    two_hours_without_a_worker(story, named)
    silence_climbs(story, named)
    second = a_contact_falls_ill(story, named[-2])
    a_test_is_withdrawn(story, case, second)
    named = merged_and_moved(story, case, named, second)
    observed_to_the_end(story, named)
    case.refresh_from_db()
    the_source_hears(story, case)
    the_figures(story, case)
    replayed(story, case)
    the_record_holds(story)
