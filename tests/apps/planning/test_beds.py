"""A proposal over the waiting list: reasons for each, a person's decision on each, and what came in between."""

import pytest
from django.test import Client
from tests.apps.care.conftest import HOUR, Hospital, hospital

from lianfang.care.models import BedRequest, CareLevel
from lianfang.care.services import change_beds, withdraw_request
from lianfang.common.errors import NotPermitted
from lianfang.core.audit.models import Event
from lianfang.loop.worker import turn
from lianfang.planning.beds import distances
from lianfang.planning.errors import LineDecided
from lianfang.planning.models import Decision
from lianfang.planning.services import accept_lines, alter_line, propose_beds, refuse_line
from lianfang.web import proposals

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
    assert accept_lines(lines=[line], by=hospital.chen, at=hospital.at) == {
        "accepted": 1,
        "overtaken": 0,
        "changed": 0,
    }
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
    assert accept_lines(lines=[line], by=hospital.chen, at=hospital.at) == {
        "accepted": 0,
        "overtaken": 1,
        "changed": 0,
    }
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


def replanned(hospital, proposal):
    """A turn of the loop; return by case the ward that is now proposed, of the lines that are open."""
    turn(at=hospital.at)
    proposal.refresh_from_db()
    return {line.request_id: line.ward for line in proposal.lines.filter(decision="").select_related("ward")}


def test_open_lines_are_planned_anew_when_facts_change(hospital):
    ward = hospital.ward("ordinary", n=1)
    first, second = waiting(hospital, 1, 1)
    proposal = propose(hospital)
    turn(at=hospital.at)
    proposal.refresh_from_db()
    assert proposal.replanned_at is None, "nothing has changed"
    before = {line.request_id: line.ward_id for line in proposal.lines.all()}
    placed, unplaced = (first, second) if before[first.pk] else (second, first)
    # the one who was to get the bed needs none any more: the other gets it
    withdraw_request(request=placed, reason="went home", by=hospital.fang, at=hospital.at)
    assert replanned(hospital, proposal) == {unplaced.pk: ward}
    assert proposal.replanned_at == hospital.at
    assert proposal.lines.get(request=placed).decision == Decision.OVERTAKEN
    # somebody worse comes in, and more beds open
    worse = hospital.ask(hospital.case(), 1, note="worse")
    change_beds(ward=ward, n=2, from_at=hospital.at, by=hospital.fang, at=hospital.at)
    assert replanned(hospital, proposal) == {unplaced.pk: ward, worse.pk: ward}
    # who was refused is not proposed again here, and what was decided stays
    refuse_line(line=proposal.lines.get(request=worse), reason="stays", by=hospital.chen, at=hospital.at)
    line = proposal.lines.get(request=unplaced)
    accept_lines(lines=[line], by=hospital.chen, at=hospital.at)
    assert replanned(hospital, proposal) == {}
    line.refresh_from_db()
    assert (line.decision, line.decided_by.login) == (Decision.ACCEPTED, "chen")


def test_what_was_planned_anew_is_not_given_unseen(hospital):
    hospital.ward("ordinary", n=1)
    waiting(hospital, 1)
    proposal = propose(hospital)
    line = proposal.lines.get()
    told = accept_lines(lines=[line], shown={line.pk: line.ward_id + 1}, by=hospital.chen, at=hospital.at)
    assert told == {"accepted": 0, "overtaken": 0, "changed": 1}
    assert proposal.lines.get().decision == ""


def test_a_person_looks_at_a_line_and_gives_another_ward(hospital):
    """The page of one line: where else there is a bed; altered and refused with the reason and the name."""
    from django.test import Client

    hospital.ward("ordinary", n=1)
    other = hospital.ward("second", n=1)
    first, second = waiting(hospital, 1, 1)
    proposal = propose(hospital)
    client = Client(headers={"accept-language": "en"})
    client.force_login(hospital.world.users["chen"])
    line = proposal.lines.get(request=first)
    page = f"/proposals/{proposal.pk}/lines/{line.pk}"
    assert "Another ward" in client.get(page).content.decode()
    taken = other if line.ward_id != other.pk else hospital.wards["ordinary"]
    assert client.post(page, {"act": "alter", "ward": taken.pk}).status_code == 422, "a reason is asked for"
    assert client.post(page, {"act": "alter", "ward": taken.pk, "reason": "family"}).status_code == 302
    line.refresh_from_db()
    assert (line.decision, line.decided_ward, line.decided_because) == ("altered", taken, "family")
    rest = proposal.lines.get(request=second)
    assert (
        client.post(
            f"/proposals/{proposal.pk}/lines/{rest.pk}", {"act": "refuse", "no-reason": "stays"}
        ).status_code
        == 302
    )
    shown = client.get(f"/proposals/{proposal.pk}").content.decode()
    assert "family" in shown
    assert "stays" in shown
    assert hospital.world.users["chen"].name in shown


def test_more_lines_than_a_page_are_all_reached(hospital, monkeypatch):
    monkeypatch.setattr(proposals, "_PAGE", 2)
    hospital.ward("ordinary", n=1)
    waiting(hospital, 1, 1, 1)
    proposal = propose(hospital)
    client = Client(headers={"accept-language": "en"})
    client.force_login(hospital.world.users["chen"])
    first = client.get(f"/proposals/{proposal.pk}").content.decode()
    assert "Lines 1 to 2 of 3" in first
    last = client.get(f"/proposals/{proposal.pk}?page=2").content.decode()
    assert "Lines 3 to 3 of 3" in last
    numbers = [line.request.case.number for line in proposal.lines.select_related("request__case")]
    assert [number in first for number in numbers] == [True, True, False]
    assert [number in last for number in numbers] == [False, False, True]
