"""A proposal over the waiting list: reasons for each, a person's decision on each, and what came in between."""

import pytest
from tests.apps.care.conftest import HOUR, Hospital, hospital

from lianfang.care.models import BedRequest, CareLevel
from lianfang.common.errors import NotPermitted
from lianfang.core.audit.models import Event
from lianfang.planning.beds import distances
from lianfang.planning.errors import LineDecided
from lianfang.planning.models import Decision
from lianfang.planning.services import accept_lines, alter_line, propose_beds, refuse_line

__all__ = ["hospital"]


def waiting(hospital: Hospital, *levels: int) -> list[BedRequest]:
    found = []
    for level in levels:
        found.append(hospital.ask(hospital.case(), level))
        hospital.at += HOUR
    return found


def propose(hospital: Hospital):
    return propose_beds(place=hospital.world.places["4201"], by=hospital.chen, at=hospital.at)


def test_the_more_severe_get_the_beds_and_each_line_says_why(hospital):
    hospital.ward("severe", CareLevel.SEVERE, n=1)
    hospital.ward("ordinary", n=1)
    mild, severe, second = waiting(hospital, CareLevel.ORDINARY, CareLevel.SEVERE, CareLevel.SEVERE)
    proposal = propose(hospital)
    lines = {line.request_id: line for line in proposal.lines.all()}
    assert (proposal.n_waiting, proposal.n_beds, proposal.n_placed) == (3, 2, 2)
    assert lines[severe.pk].ward.name == "severe"
    assert lines[mild.pk].ward.name == "ordinary"
    assert (lines[second.pk].ward, lines[second.pk].reason) == (None, "beds_taken")
    assert lines[second.pk].others == [severe.pk]
    assert [line.request_id for line in proposal.lines.all()] == [severe.pk, second.pk, mild.pk]


def test_nothing_is_given_until_a_person_accepts(hospital):
    hospital.ward("ordinary", n=2)
    first, _ = waiting(hospital, 1, 1)
    proposal = propose(hospital)
    assert not BedRequest.objects.filter(ward__isnull=False).exists()
    line = proposal.lines.get(request=first)
    assert accept_lines(lines=[line], by=hospital.chen, at=hospital.at) == {"accepted": 1, "overtaken": 0}
    first.refresh_from_db()
    assert first.ward.name == "ordinary"
    line.refresh_from_db()
    assert (line.decision, line.decided_by.login) == (Decision.ACCEPTED, "chen")
    assert Event.objects.filter(tag="planning.decided").exists()


def test_what_happened_in_between_overtakes_a_line(hospital):
    hospital.ward("ordinary", n=1)
    (asked,) = waiting(hospital, 1)
    line = propose(hospital).lines.get()
    hospital.lay(hospital.case(), hospital.bed("ordinary"))
    assert accept_lines(lines=[line], by=hospital.chen, at=hospital.at) == {"accepted": 0, "overtaken": 1}
    asked.refresh_from_db()
    assert asked.ward is None
    line.refresh_from_db()
    assert (line.decision, line.decided_because) == (Decision.OVERTAKEN, "care.no_bed_free")


def test_altered_and_refused_keep_their_reason(hospital):
    hospital.ward("ordinary", n=2)
    other = hospital.ward("other", n=2)
    waiting(hospital, 1, 1)
    first, second = propose(hospital).lines.all()
    alter_line(line=first, ward=other, reason="family there", by=hospital.chen, at=hospital.at)
    refuse_line(line=second, reason="goes home", by=hospital.chen, at=hospital.at)
    for line, decision, reason in (
        (first, Decision.ALTERED, "family there"),
        (second, Decision.REFUSED, "goes home"),
    ):
        line.refresh_from_db()
        assert (line.decision, line.decided_because) == (decision, reason)
    with pytest.raises(LineDecided):
        refuse_line(line=first, reason="again", by=hospital.chen, at=hospital.at)


def test_the_same_facts_give_the_same_plan(hospital):
    hospital.ward("a", n=3)
    hospital.ward("b", n=3)
    waiting(hospital, 1, 1, 1, 1)
    plans = [[(line.request_id, line.ward_id) for line in propose(hospital).lines.all()] for _ in range(2)]
    assert plans[0] == plans[1]


def test_only_who_may_assign_proposes(hospital):
    with pytest.raises(NotPermitted):
        propose_beds(place=hospital.world.places["420106"], by=hospital.fang, at=hospital.at)


def test_an_empty_list_gives_an_empty_proposal(hospital):
    assert propose(hospital).lines.count() == 0


def test_kilometres_by_coordinates_or_by_the_area_shared(hospital):
    places = hospital.world.places
    one, two = places["420106"], places["4201"]
    one.latitude, one.longitude, two.latitude, two.longitude = 30.0, 114.0, 31.0, 114.0
    assert distances([one], [two])[0, 0] == pytest.approx(111.2, abs=0.2)
    assert distances(
        [places["420107"], places["420107001"]], [places["420205"], places["420107"]]
    ).tolist() == [
        [250.0, 15.0],
        [250.0, 15.0],
    ]
