"""Messages: twice, out of order, corrected, before their case; readings at a gate."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.apps.intake.importing import Desk
from tests.world import NOON, World

from lianfang.cases.models import Case, Result, Sample, Screening
from lianfang.core.access.permissions import Permission
from lianfang.intake.models import Signal, SignalStatus, Source
from lianfang.intake.places import PlaceFinder
from lianfang.intake.services import receive_message, receive_messages
from lianfang.intake.target import Word

pytestmark = pytest.mark.django_db

LINE = b"case_id,sex,age,date_onset,date_report,disease\nL-1,F,30,2020-02-08,2020-02-10,covid_19\n"
SAMPLE = {
    "case_number": "L-1",
    "sample_number": "S-77",
    "specimen": "nasopharyngeal_swab",
    "sampled_at": "2020-02-10T09:00:00+08:00",
}
RESULT = {
    "case_number": "L-1",
    "sample_number": "S-77",
    "test": "rt_pcr",
    "finding": "positive",
    "resulted_at": "2020-02-11T15:00:00+08:00",
    "result_key": "R-1",
}


@pytest.fixture
def laboratory(world: World) -> tuple[Source, object]:
    source = Source.objects.create(code="lab", name="Laboratory", unit=world.units["420106-lab"])
    return source, world.actor("emil")


def send(laboratory, message: dict[str, object], at: datetime = NOON, key: str = ""):
    source, actor = laboratory
    return receive_message(source=source, target="lab_result", message=message, by=actor, at=at, key=key)


def test_the_same_message_twice_and_out_of_order_is_one_sample_and_one_result(desk: Desk, laboratory) -> None:
    desk.take(LINE)
    assert send(laboratory, RESULT)[1].word == Word.CREATED
    signal, outcome = send(laboratory, RESULT)
    assert outcome is None
    assert signal.status == SignalStatus.ACCEPTED
    assert send(laboratory, RESULT, key="other-envelope")[1].word == Word.UNCHANGED
    # The message about the sample comes after its result.
    assert send(laboratory, SAMPLE)[1].word == Word.CHANGED
    sample = Sample.objects.get()
    assert sample.specimen == "nasopharyngeal_swab"
    assert sample.occurred_at == datetime(2020, 2, 10, 1, tzinfo=UTC)
    assert Result.objects.count() == 1
    assert Case.objects.get().classification == "confirmed" or Result.objects.get().finding == "positive"


def test_a_correction_supersedes_and_an_older_message_does_not(desk: Desk, laboratory) -> None:
    desk.take(LINE)
    send(laboratory, RESULT)
    corrected = {**RESULT, "finding": "negative", "resulted_at": "2020-02-12T10:00:00+08:00"}
    assert send(laboratory, corrected)[1].word == Word.CREATED
    late = {**RESULT, "finding": "pending", "resulted_at": "2020-02-10T20:00:00+08:00"}
    assert send(laboratory, late)[1].word == Word.UNCHANGED
    assert [r.finding for r in Result.objects.current()] == ["negative"]
    assert Result.objects.count() == 2


def test_a_message_before_its_case_waits_and_is_tried_again(desk: Desk, laboratory) -> None:
    signal, outcome = send(laboratory, RESULT)
    assert outcome.word == Word.PARKED
    assert signal.__class__.objects.get(pk=signal.pk).problems[0]["rule"] == "case.unknown"
    desk.take(LINE, at=NOON + timedelta(hours=1))
    signal.refresh_from_db()
    assert signal.status == SignalStatus.ACCEPTED
    assert signal.settled_at == NOON + timedelta(hours=1)
    assert Result.objects.get().sample.number == "S-77"


def test_an_unreadable_message_is_parked_and_never_refused(desk: Desk, laboratory) -> None:
    desk.take(LINE)
    signal, outcome = send(laboratory, {**RESULT, "finding": "maybe?"})
    assert outcome.word == Word.PARKED
    signal.refresh_from_db()
    assert signal.problems[0]["rule"] == "code.unknown"


def test_readings_at_a_gate(world: World) -> None:
    source = Source.objects.create(code="gate", name="Gate", unit=world.units["420106-gate"])
    actor = world.actor("bao")
    assert actor.may(Permission.SIGNAL_RECORD)
    warm = {
        "external_id": "g1",
        "read_at": "2020-02-12 08:30",
        "temperature": "38.4",
        "name": "张伟",
        "phone": "13812345678",
        "checkpoint": "420106-gate",
    }
    cool = {**warm, "external_id": "g2", "temperature": "36.5"}
    words = [
        receive_message(source=source, target="screening", message=m, by=actor, at=NOON)[1].word
        for m in (warm, cool)
    ]
    assert words == [Word.CREATED, Word.UNCHANGED]
    reading = Screening.objects.get()
    assert reading.temperature == 38.4
    assert reading.read_at == datetime(2020, 2, 12, 0, 30, tzinfo=UTC)
    assert receive_message(source=source, target="screening", message=warm, by=actor, at=NOON)[1] is None
    again = receive_message(
        source=source, target="screening", message={**warm, "note": "x"}, by=actor, at=NOON
    )[1]
    assert again.word == Word.UNCHANGED
    assert Signal.objects.filter(target="screening").count() == 3


def test_messages_do_not_read_the_table_of_places(
    desk: Desk, laboratory, django_assert_max_num_queries
) -> None:
    """A message names no place or one by its code; only a name, or many codes, make the finder read them all."""
    desk.take(LINE)
    source, actor = laboratory
    with CaptureQueriesContext(connection) as seen:
        taken = receive_messages(
            source=source,
            target="lab_result",
            messages=[("1", SAMPLE), ("2", RESULT), ("1", SAMPLE)],
            by=actor,
            at=NOON,
        )
    assert [outcome and outcome.word for _signal, outcome in taken] == [Word.CREATED, Word.CREATED, None]
    assert taken[0][0] == taken[2][0]
    whole = [one for one in seen if "registry_place" in one["sql"] and "WHERE" not in one["sql"].upper()]
    assert not whole
    finder = PlaceFinder()
    for n, (code, n_statements) in enumerate(
        [("420106", 1), ("420106", 0), ("4201", 1), ("42", 1), ("CN", 1)]
    ):
        with django_assert_max_num_queries(n_statements):
            assert finder.find({"place_code": code}, within="").place.code == code, n
    with django_assert_max_num_queries(0):
        assert finder.find({"place_code": "420107"}, within="").place.code == "420107"
        assert finder.find({"county": "no such county"}, within="").place is None
