"""Repair, setting aside, files for correction, undo, export and import again, and random damage to rows."""

import csv
import io
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps.intake.importing import Desk
from tests.world import NOON

from lianfang.cases.models import Case, Report, Sign
from lianfang.common.errors import NotPermitted
from lianfang.contacts.models import Contact, Observation
from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event
from lianfang.core.registry.models import Identity, Person
from lianfang.intake.errors import NotParked
from lianfang.intake.models import Signal, SignalStatus
from lianfang.intake.services import (
    accept_batch,
    error_file,
    export_csv,
    repair_signal,
    set_aside_signal,
    undo_batch,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LINES = """case_id,name,sex,age,phone,date_onset,date_report,classification,fever,cough,disease,sample date,test result,outcome,date of outcome,hospital,infector
R-1,Zhang Wei,M,35,13800000001,2020-02-01,2020-02-05,confirmed,yes,no,covid_19,2020-02-05,positive,recovered,2020-02-11,County Hospital,
R-2,Li Na,F,62,13800000002,2020-02-03,2020-02-06,confirmed,yes,yes,covid_19,2020-02-06,positive,,,,R-1
R-3,Wang Fang,F,41,13800000003,2020-02-31,2020-02-06,suspected,no,no,covid_19,,,,,,
"""
CONTACTS = """contact_id,case_id,name,sex,age,phone,date of last contact,context_of_exposure,date of reporting
K-1,R-1,Zhao Lei,M,40,13900000001,2020-02-04,household,2020-02-05
K-2,R-1,Qian Mei,F,38,13900000002,2020-02-05,workplace,2020-02-05
"""
VISITS = """uuid,contact_id,date_of_followup,followup_status,temperature
v1,K-1,2020-02-06,SEEN_OK,36.5
v2,K-1,2020-02-07,SEEN_OK,36.7
v3,K-2,2020-02-06,MISSED,
"""


def state() -> dict[str, object]:
    """Everything that an import can touch, but for what tells when and by which signal."""
    return {
        "cases": list(
            Case.objects.order_by("number").values_list(
                "number", "person", "classification", "onset_on", "outcome", "confirmed_at"
            )
        ),
        "signs": sorted(Sign.objects.current().values_list("case__number", "code", "present", "occurred_at")),
        "reports": sorted(Report.objects.current().values_list("case__number", "diagnosis", "received_at")),
        "people": list(Person.objects.order_by("pk").values_list("pk", "sex", "birth_year", "path")),
        "identities": Identity.objects.count(),
        "contacts": list(
            Contact.objects.order_by("pk").values_list(
                "person", "case", "last_contact_on", "setting", "status"
            )
        ),
        "visits": list(
            Observation.objects.current().order_by("pk").values_list("contact", "on", "seen", "temperature")
        ),
    }


def test_repair(desk: Desk) -> None:
    _, report = desk.take(LINES.encode())
    assert (report.created, report.parked) == (2, 1), report.problems
    parked = Signal.objects.get(status=SignalStatus.PARKED)
    tried = repair_signal(signal=parked, values={"date_onset": "not yet"}, by=desk.actor, at=NOON + HOUR)
    parked.refresh_from_db()
    assert (tried.status, parked.status) == (SignalStatus.SET_ASIDE, SignalStatus.PARKED)
    repaired = repair_signal(
        signal=parked, values={"date_onset": "2020-02-03"}, by=desk.actor, at=NOON + 2 * HOUR
    )
    parked.refresh_from_db()
    assert (repaired.status, parked.status) == (SignalStatus.ACCEPTED, SignalStatus.REPLACED)
    assert parked.settled_at == NOON + 2 * HOUR
    assert Case.objects.get(number="R-3").onset_on.isoformat() == "2020-02-03"
    with pytest.raises(NotParked):
        repair_signal(signal=parked, values={}, by=desk.actor, at=NOON)


def test_the_error_file_comes_back_corrected(desk: Desk) -> None:
    batch, _ = desk.take(LINES.encode())
    given = error_file(batch=batch, by=desk.actor, at=NOON).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(given)))
    assert len(rows) == 1
    assert "date.impossible" in rows[0]["lianfang_problems"]
    _, untouched = desk.take(given.encode())
    assert untouched.created == 0
    again, report = desk.take(given.replace("2020-02-31", "2020-02-04").encode(), at=NOON + HOUR)
    assert (report.created, report.parked) == (1, 0), report.problems
    assert Signal.objects.get(row=4, batch=batch).status == SignalStatus.REPLACED
    assert again.pk != batch.pk


def test_setting_aside_needs_a_reason_and_the_right(desk: Desk) -> None:
    desk.take(LINES.encode())
    parked = Signal.objects.get(status=SignalStatus.PARKED)
    with pytest.raises(NotPermitted):
        set_aside_signal(signal=parked, reason="test row", by=desk.world.actor("stranger"), at=NOON)
    set_aside_signal(signal=parked, reason="test row", by=desk.actor, at=NOON)
    parked.refresh_from_db()
    assert parked.status == SignalStatus.SET_ASIDE
    assert Event.objects.filter(tag="intake.signal_set_aside").count() == 1


def test_undo_leaves_what_was_there_and_what_others_built_on(desk: Desk) -> None:
    desk.take(LINES.encode())
    before = state()
    batch, report = desk.take(
        LINES.replace("2020-02-03", "2020-02-04").replace("R-1,Z", "R-9,Y").encode(), at=NOON + HOUR
    )
    assert report.created + report.changed >= 1
    assert state() != before
    undone = undo_batch(batch=batch, reason="wrong file", by=desk.actor, at=NOON + 2 * HOUR)
    assert undone.withdrawn > 0
    assert state() == before
    # Sent again, it is a new import.
    again, report = desk.take(
        LINES.replace("2020-02-03", "2020-02-04").replace("R-1,Z", "R-9,Y").encode(), at=NOON + 3 * HOUR
    )
    assert again.pk != batch.pk
    assert report.created + report.changed >= 1


def test_undo_of_the_first_import_leaves_nothing(desk: Desk) -> None:
    batch, _ = desk.take(LINES.encode())
    undo_batch(batch=batch, reason="wrong file", by=desk.actor, at=NOON + HOUR)
    # The history of what the cases were taken for stays; nothing else does, and nobody is named any more.
    assert set(Case.objects.values_list("classification", flat=True)) == {"not_classified"}
    assert not Sign.objects.current().exists()
    assert not Identity.objects.exclude(sealed=b"").exists()
    assert Person.objects.filter(cases__isnull=True).count() == 0
    _, again = desk.take(LINES.encode(), at=NOON + 2 * HOUR)
    assert (again.created + again.changed, again.parked) == (2, 1)
    assert Case.objects.get(number="R-1").classification == "confirmed"
    assert Identity.objects.exclude(sealed=b"").exists()
    batch.refresh_from_db()
    assert batch.undone_at is not None


def test_an_undone_batch_leaves_its_signals_marked(desk: Desk) -> None:
    batch, _ = desk.take(LINES.encode())
    undo_batch(batch=batch, reason="wrong file", by=desk.actor, at=NOON + HOUR)
    assert set(batch.signals.values_list("status", flat=True)) == {SignalStatus.UNDONE}


def test_undo_keeps_a_case_that_somebody_has_worked_on(desk: Desk) -> None:
    batch, _ = desk.take(LINES.encode())
    desk.take(CONTACTS.encode(), target="contact")
    undone = undo_batch(batch=batch, reason="wrong file", by=desk.actor, at=NOON + HOUR)
    assert undone.kept >= 1
    assert Contact.objects.filter(case__number="R-1").count() == 2
    assert not Report.objects.current().exists()


def test_own_exports_import_with_nothing_created_and_nothing_changed(desk: Desk) -> None:
    desk.take(LINES.encode())
    desk.take(CONTACTS.encode(), target="contact", defaults={"disease": "covid_19"})
    desk.take(VISITS.encode(), target="follow_up")
    assert Observation.objects.count() == 3
    before = state()
    for target in ("case", "contact", "follow_up", "relationship", "lab_result"):
        parts = export_csv(
            target=target, by=desk.actor, at=NOON + HOUR, purpose="round trip", path="CN.42.4201.420106."
        )
        content = b"".join(parts)
        assert content.count(b"\r\n") > 1, target
        _, report = desk.take(content, at=NOON + HOUR)
        assert (report.created, report.changed, report.parked) == (0, 0, 0), (
            target,
            report.words,
            report.problems,
        )
        assert state() == before, target
    assert Event.objects.filter(tag="intake.records_exported").count() == 5


def copy_for(by: Actor) -> bytes:
    return b"".join(export_csv(target="case", by=by, at=NOON, purpose="correction"))


def test_an_export_edited_and_sent_back_changes_just_that(desk: Desk) -> None:
    desk.take(LINES.encode())
    content = copy_for(desk.actor).decode("utf-8-sig")
    assert "Zhang Wei" in content
    _, report = desk.take(content.replace("2020-02-03", "2020-02-02").encode(), at=NOON + HOUR)
    assert (report.created, report.changed, report.unchanged) == (0, 1, 1), report.problems


def test_an_export_without_the_right_to_reveal_names_nobody(desk: Desk) -> None:
    desk.take(LINES.encode())
    content = copy_for(desk.world.actor("chen"))
    assert b"R-1" in content
    assert b"Zhang" not in content
    assert b"13800000001" not in content
    with pytest.raises(NotPermitted):
        export_csv(target="case", by=desk.world.actor("bao"), at=NOON, purpose="statistics")


def test_problems_never_show_a_name(desk: Desk) -> None:
    desk.take(b"case_id,name,phone,date_onset,disease\nP-1,99999,call his mother Li,2020-02-31,covid_19\n")
    stored = str(list(Signal.objects.values_list("problems", flat=True))) + str(
        list(Event.objects.values_list("after", flat=True))
    )
    assert "mother" not in stored
    assert "2020-02-31" in stored


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    damage=st.lists(
        st.tuples(
            st.integers(0, 11),
            st.integers(0, 6),
            st.text(alphabet=st.characters(codec="utf-8", exclude_characters='\x00\r\n",;\t|'), max_size=12),
        ),
        max_size=15,
    )
)
def test_nothing_is_lost_whatever_the_damage(desk: Desk, damage: list[tuple[int, int, str]]) -> None:
    Signal.objects.all().delete()
    rows = [
        [
            f"H-{n}",
            "F" if n % 2 else "M",
            str(20 + n),
            f"2020-02-{n + 1:02d}",
            "2020-02-12",
            "yes",
            "covid_19",
        ]
        for n in range(12)
    ]
    for row, column, text in damage:
        rows[row][column] = text
    header = "case_id,sex,age,date_onset,date_report,fever,disease"
    content = "\n".join([header, *(",".join(row) for row in rows)]).encode()
    batch = desk.receive(content + f"\n,,,,,,\n{'':{len(damage) + 1}}".encode(), target="case")
    desk.confirm(batch)
    report = accept_batch(batch=batch, by=desk.actor, at=NOON)
    known = batch.n_rows - batch.signals.count()
    assert sum(report.words.values()) + known == batch.n_rows
    statuses = list(batch.signals.values_list("status", flat=True))
    assert set(statuses) <= {SignalStatus.ACCEPTED, SignalStatus.PARKED}
    assert statuses.count(SignalStatus.PARKED) == report.parked
    assert all(s.problems for s in batch.signals.filter(status=SignalStatus.PARKED))
    undo_batch(batch=batch, reason="next example", by=desk.actor, at=NOON)
