"""From a gate's file to a named contact: who may ask, inside which window, what is found, and what is left of it."""

import uuid
from datetime import timedelta

import polars as pl
import pytest
from tests.world import NOON, World, a_person, build_world

from lianfang.cases import services as cases
from lianfang.common.clock import local_day, site_zone, start_of
from lianfang.common.errors import NotPermitted
from lianfang.contacts.models import Contact, Exposure
from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.services import register_person
from lianfang.discovery.errors import CaseNotOpen, NobodyAsks, NoPurpose, NoWindow, WindowClosed
from lianfang.discovery.lake import the_store
from lianfang.discovery.models import Found, Search, VisitDay
from lianfang.discovery.reading import as_records
from lianfang.discovery.selectors import found_in, hit_rate, searches_of
from lianfang.discovery.services import drop_days, drop_results, judge_found, search_visits, take_visits
from lianfang.loop.models import Finding, Task
from lianfang.loop.services import judge_finding
from lianfang.loop.worker import sweep, turn

pytestmark = pytest.mark.django_db
DISEASE = "covid_19_cn_2020"
COUNTY = "420106"
DAY = timedelta(days=1)
# After 21 February 2020, when the window opens two days before onset; the case fell ill on the 24th.
AT = NOON + 16 * DAY
ONSET = local_day(AT) - 4 * DAY


def clock(day: int, hour: int, minute: int = 0) -> str:
    """A moment `day` days after onset, as a gate would write it."""
    when = start_of(ONSET) + timedelta(days=day, hours=hour, minutes=minute)
    return when.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture
def world() -> World:
    return build_world(AT)


@pytest.fixture(autouse=True)
def lake(tmp_path, settings):
    settings.VISITS_DIR = tmp_path / "visits"


@pytest.fixture
def case(world):
    alice = world.actor("alice", AT)
    row = cases.open_case(
        person=a_person(world, at=AT),
        disease=DISEASE,
        place=world.places[COUNTY],
        diagnosis="confirmed",
        diagnosed_at=AT - timedelta(hours=3),
        by=alice,
        at=AT,
    )
    cases.record_signs(case=row, signs={"fever": True}, seen_at=AT, onset_on=ONSET, by=alice, at=AT)
    row.refresh_from_db()
    return row


def send(rows, *, source="market", at=AT):
    return take_visits(
        records=as_records(pl.DataFrame(rows).cast(pl.String)), source=source, by=Actor.system("gate"), at=at
    )


def stay(key, who, arrive, leave, place="M1", kind="meal"):
    return {
        "key": key, "person": who if isinstance(who, str) else str(who.uid), "place": place, "kind": kind,
        "place_name": "东门饭馆", "area": "420106001", "arrive": arrive, "leave": leave,
    }  # fmt: skip


def around(world, case):
    """The case and two others at a table, one for too short, one the day after the window, one nobody knows."""
    table, brief, late = (a_person(world, at=AT) for _ in range(3))
    send(
        [
            stay("1", case.person, clock(-1, 12), clock(-1, 13)),
            stay("2", table, clock(-1, 12), clock(-1, 13)),
            stay("3", brief, clock(-1, 12, 50), clock(-1, 14)),
            stay("4", str(uuid.uuid4()), clock(-1, 12), clock(-1, 14)),
            stay("5", case.person, clock(-3, 12), clock(-3, 13), "M2"),
            stay("6", late, clock(-3, 12), clock(-3, 13), "M2"),
        ]
    )
    return table


def test_who_shared_a_table_is_found_and_confirmed_and_named(world, case):
    alice = world.actor("alice", AT)
    table = around(world, case)
    search = search_visits(case=case, purpose="密接排查", by=alice, at=AT)
    assert (search.n_found, search.n_proposed, search.n_unregistered) == (1, 1, 1)
    assert (search.opens_at, search.closes_at) == (start_of(ONSET - 2 * DAY), AT - timedelta(hours=3))
    assert search.days_missing == [(ONSET + n * DAY).isoformat() for n in (-2, 0, 1, 2, 3, 4)]
    (found,) = found_in(alice, search)
    assert (found.person, found.seconds, found.n_stays, found.decision) == (table, 3600, 1, None)
    assert found.stays[0]["venue"] == "东门饭馆"
    assert found.stays[0]["present"] == 2
    assert Contact.objects.count() == 0, "a finding names nobody"
    turn(at=AT)
    task = Task.objects.get(duty="loop.judge", subject_id=found.finding_id)
    assert task.unit == world.units["420106-cdc"]
    assert judge_found(found=[found], decision="confirmed", reason="同桌用餐", by=alice, at=AT) == 1
    contact = Contact.objects.get()
    assert (contact.person, contact.case, contact.last_contact_on) == (table, case, ONSET - DAY)
    met = Exposure.objects.get()
    assert (met.minutes, met.setting, met.origin, met.place_text) == (60, "meal", "visits", "东门饭馆")
    turn(at=AT)
    task.refresh_from_db()
    assert task.status == "done"
    again = search_visits(case=case, purpose="复查", by=alice, at=AT)
    assert (again.n_proposed, again.n_named_before) == (0, 1)


def test_a_judgement_on_any_page_names_the_contact_at_the_next_turn(world, case):
    around(world, case)
    search = search_visits(case=case, purpose="p", by=world.actor("alice", AT), at=AT)
    finding = Finding.objects.get(kind="discovery.shared_places")
    judge_finding(finding=finding, decision="confirmed", reason="yes", by=world.actor("chen", AT), at=AT)
    assert Contact.objects.count() == 0
    turn(at=AT)
    assert search.found.get().contact == Contact.objects.get()
    turn(at=AT)
    assert Contact.objects.count() == 1


def test_the_dismissed_is_remembered_and_counts(world, case):
    alice = world.actor("alice", AT)
    around(world, case)
    found = found_in(alice, search_visits(case=case, purpose="p", by=alice, at=AT))
    judge_found(found=found, decision="dismissed", reason="隔板分开", by=alice, at=AT)
    assert Contact.objects.count() == 0
    again = found_in(alice, search_visits(case=case, purpose="p", by=alice, at=AT))
    assert [row.decision for row in again] == ["dismissed"]
    rate = hit_rate(alice)
    assert (rate.n_judged, rate.n_confirmed, rate.n_dismissed, rate.share) == (1, 0, 1, 0.0)


def test_a_phone_number_leads_to_the_person_and_stands_nowhere_in_the_files(world, case):
    place = world.places["420106001001"]
    known = register_person(
        row=PersonCandidate(name="王芳", phone="13800001234", place_id=place.pk, path=place.path),
        by=Actor.system("test"),
        at=AT,
    )
    rows = [
        stay("1", case.person, clock(0, 9), clock(0, 11)),
        stay("2", "", clock(0, 9), clock(0, 11)) | {"phone": "138-0000-1234"},
    ]
    send([{"phone": None} | row for row in rows])
    search = search_visits(case=case, purpose="p", by=world.actor("alice", AT), at=AT)
    assert search.found.get().person == known
    held = b"".join(path.read_bytes() for path in the_store().root.rglob("*.parquet"))
    assert b"13800001234" not in held


@pytest.mark.parametrize("who", ["bao", "chen", "dina", "stranger", "hana", "nobody"])
def test_only_who_traces_in_the_area_may_ask(world, case, who):
    with pytest.raises(NotPermitted):
        search_visits(case=case, purpose="p", by=world.actor(who, AT), at=AT)
    assert searches_of(world.actor("stranger", AT), case) == []


def test_no_machine_no_missing_purpose_no_closed_case(world, case):
    alice = world.actor("alice", AT)
    with pytest.raises(NobodyAsks):
        search_visits(case=case, purpose="p", by=Actor.system("loop"), at=AT)
    with pytest.raises(NoPurpose):
        search_visits(case=case, purpose="  ", by=alice, at=AT)
    with pytest.raises(WindowClosed):
        search_visits(case=case, purpose="p", by=world.actor("alice", AT), at=AT + 15 * DAY)
    cases.rule_on_case(case=case, classification="excluded", reason="influenza", by=alice, at=AT)
    case.refresh_from_db()
    with pytest.raises(CaseNotOpen):
        search_visits(case=case, purpose="p", by=alice, at=AT)
    assert Search.objects.count() == 0


def test_without_onset_and_sample_there_is_no_window(world):
    alice = world.actor("alice", AT)
    row = cases.open_case(
        person=a_person(world, at=AT), disease=DISEASE, place=world.places[COUNTY], diagnosis="suspected", by=alice, at=AT
    )  # fmt: skip
    with pytest.raises(NoWindow):
        search_visits(case=row, purpose="p", by=alice, at=AT)


def test_the_search_is_on_record_with_its_purpose(world, case):
    around(world, case)
    search_visits(case=case, purpose="密接排查", by=world.actor("alice", AT), at=AT)
    event = Event.objects.get(tag="discovery.searched")
    assert (event.subject_id, event.reason, event.user_id) == (case.pk, "密接排查", world.users["alice"].pk)
    assert event.after["n_found"] == 1


def test_a_crowd_is_reported_and_proposes_nobody(world, case):
    people = [a_person(world, at=AT) for _ in range(61)]
    rows = [stay(f"g{n}", who, clock(0, 8), clock(0, 9), "G", "gate") for n, who in enumerate(people)]
    send([*rows, stay("c", case.person, clock(0, 8), clock(0, 9), "G", "gate")])
    search = search_visits(case=case, purpose="p", by=world.actor("alice", AT), at=AT)
    assert search.n_found == 0
    assert [(one["present"], one["near"], one["kind"]) for one in search.crowd] == [(61, 2.0, "gate")]


def test_a_gate_pairs_entries_and_exits_and_parks_what_it_cannot_read(world, case):
    other = a_person(world, at=AT)
    rows = [
        ("1", str(case.person.uid), clock(0, 8), "in"),
        ("2", str(case.person.uid), clock(0, 9), "out"),
        ("3", str(other.uid), clock(0, 8), "in"),
        ("4", str(other.uid), clock(0, 9), "OUT"),
        ("5", str(other.uid), "yesterday", "in"),
        ("6", "", clock(0, 9), "in"),
        ("7", str(other.uid), clock(0, 12), "out"),
    ]
    names = ("key", "person", "at", "way")
    table = [
        dict(zip(names, row, strict=True)) | {"place": "W", "kind": "work", "area": "420106001"}
        for row in rows
    ]
    taken = send(table)
    assert (taken.new, taken.parked) == (2, 3)
    assert sorted((p.key, p.reason) for p in the_store().parked()) == [
        ("5", "no arrival"),
        ("6", "no person"),
        ("7", "no arrival"),
    ]
    assert send(table).known == 2
    search = search_visits(case=case, purpose="p", by=world.actor("alice", AT), at=AT)
    assert search.found.get().person == other


def test_results_are_deleted_when_the_window_closes_and_the_figures_stay(world, case):
    alice = world.actor("alice", AT)
    around(world, case)
    search = search_visits(case=case, purpose="p", by=alice, at=AT)
    judge_found(found=found_in(alice, search), decision="confirmed", reason="yes", by=alice, at=AT)
    sweep(at=search.drop_at - timedelta(seconds=1))
    assert search.found.count() == 1
    sweep(at=search.drop_at + timedelta(hours=1))
    search.refresh_from_db()
    assert search.dropped_at is not None
    assert Found.objects.count() == 0
    assert Contact.objects.count() == 1
    assert hit_rate(alice).n_confirmed == 1
    assert "venue" not in str(Finding.objects.get(kind="discovery.shared_places").evidence)
    task = Task.objects.get(duty="discovery.drop_results")
    assert task.status == "done"


def test_what_nobody_decided_on_ends_with_its_evidence(world, case):
    alice = world.actor("alice", AT)
    around(world, case)
    search = search_visits(case=case, purpose="p", by=alice, at=AT)
    turn(at=AT)
    assert Task.objects.get(duty="loop.judge", subject_id=search.found.get().finding_id).status == "open"
    drop_results(searches=[search.pk], by=Actor.system("test"), at=AT)
    turn(at=AT)
    assert Finding.objects.get(kind="discovery.shared_places").withdrawn_at == AT
    assert hit_rate(alice).n_judged == 0


def test_a_day_of_visits_is_gone_after_its_time_with_proof(world, case):
    around(world, case)
    days = list(VisitDay.objects.order_by("on"))
    assert [day.on for day in days] == [ONSET - 3 * DAY, ONSET - DAY]
    sweep(at=days[0].drop_at + timedelta(hours=1))
    first, second = VisitDay.objects.order_by("on")
    assert first.dropped_at is not None
    assert (first.proof["is_gone"], first.proof["rows"]) == (True, 2)
    assert second.dropped_at is None
    assert not (the_store().root / first.on.isoformat()).exists()
    assert (the_store().root / second.on.isoformat()).exists()
    assert Event.objects.filter(tag="discovery.day_dropped").count() == 1
    assert Task.objects.get(duty="discovery.drop_day").status == "done"


def test_dropping_twice_is_dropping_once(world, case):
    around(world, case)
    by = Actor.system("test")
    assert len(drop_days(before=ONSET + 9 * DAY, by=by, at=AT)) == 2
    assert drop_days(before=ONSET + 9 * DAY, by=by, at=AT) == []
    search = search_visits(case=case, purpose="p", by=world.actor("alice", AT), at=AT)
    assert search.n_found == 0
    assert drop_results(searches=[search.pk], by=by, at=AT) == 1
    assert drop_results(searches=[search.pk], by=by, at=AT) == 0
