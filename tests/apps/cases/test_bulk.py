"""Acts on many cases at once, and the export of those that a list shows."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.apps.intake.importing import desk_of
from tests.world import NOON, World, a_person, build_world

from lianfang.cases import bulk, services
from lianfang.cases.models import Case, Outcome, Review
from lianfang.cases.selectors import CaseFilter, matching_cases
from lianfang.common.errors import NotPermitted
from lianfang.core.audit.models import Event
from lianfang.intake.errors import NoReason

pytestmark = pytest.mark.django_db
COVID = "covid_19_cn_2020"


@pytest.fixture
def world() -> World:
    return build_world()


@pytest.fixture
def cases(world: World) -> list[Case]:
    return [
        services.open_case(
            person=a_person(world),
            disease=COVID,
            place=world.places["420106"],
            by=world.actor("alice"),
            at=NOON,
        )
        for _ in range(4)
    ]


def test_acts_on_many_are_recorded_for_each(world: World, cases: list[Case]) -> None:
    alice, later = world.actor("alice"), NOON + timedelta(hours=1)
    assert bulk.review_reports(cases=cases, complete=True, note="seen", by=alice, at=later) == 4
    assert Review.objects.count() == 4
    for kind in ("recovered", "died"):
        bulk.record_outcomes(cases=cases, kind=kind, on=date(2020, 2, 12), by=alice, at=later)
    assert set(Outcome.objects.current().values_list("kind", flat=True)) == {"died"}
    assert set(Case.objects.values_list("outcome", flat=True)) == {"died"}
    assert Event.objects.filter(tag="cases.reviewed").count() == 4


def test_nothing_is_done_where_one_case_lies_elsewhere(world: World, cases: list[Case]) -> None:
    with pytest.raises(NotPermitted):
        bulk.review_reports(cases=cases, complete=True, note="", by=world.actor("dina"), at=NOON)
    with pytest.raises(NotPermitted):
        bulk.export_chosen(cases=Case.objects.all(), purpose="a copy", by=world.actor("dina"), at=NOON)
    assert not Review.objects.exists()


def test_a_line_list_is_sent_while_it_is_read(world: World, cases: list[Case], monkeypatch) -> None:
    """Recorded before its first row; each part reads its own cases, so that memory does not grow with the file."""
    monkeypatch.setattr("lianfang.cases.targets.exporting._CHUNK", 1)
    monkeypatch.setattr("lianfang.intake.services.exporting._ROWS", 1)
    client = Client()
    client.force_login(world.users["alice"])
    answer = client.post("/line-list/export", {"scope": "all", "purpose": "a copy"})
    assert answer.streaming
    assert Event.objects.filter(tag="intake.records_exported").count() == 1
    parts = iter(answer)
    head, reads = next(parts), []
    assert head.startswith(b"\xef\xbb\xbf")
    for case in cases:
        with CaptureQueriesContext(connection) as seen:
            assert case.number.encode() in next(parts)
        reads.append(len(seen))
    assert min(reads) > 5, "each part is read when it is asked for"
    assert next(parts, None) is None


def test_the_chosen_cases_come_back_unchanged(world: World, cases: list[Case], monkeypatch) -> None:
    """By any number of chunks: the export holds the ids of what was chosen, and each chunk names only its own."""
    monkeypatch.setattr("lianfang.cases.targets.exporting._CHUNK", 2)
    alice = world.actor("alice")
    chosen = matching_cases(alice, CaseFilter(), numbers=[case.number for case in cases[:3]])
    with pytest.raises(NoReason):
        bulk.export_chosen(cases=chosen, purpose=" ", by=alice, at=NOON)
    content = b"".join(bulk.export_chosen(cases=chosen, purpose="a copy", by=alice, at=NOON))
    assert content.count(b"\r\n") == 4
    event = Event.objects.get(tag="intake.records_exported")
    assert (event.after["n"], event.path) == (3, "CN.42.4201.420106.")
    _, report = desk_of(world).take(content, at=NOON + timedelta(hours=1))
    assert (report.created, report.changed, report.parked) == (0, 0, 0), report.problems
