"""A contact's whole way over REST: interview, meetings, stay, test, link, suspicion, release; and the ranked round."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.apps.contacts.play import BY, a_case, a_contact
from tests.world import NOON, World, build_world

from lianfang.common.clock import local_day
from lianfang.common.sealing import unseal
from lianfang.contacts import services as contacts
from lianfang.contacts.models import Contact, SelfLink, Stay
from lianfang.core.access.models import RequestKey
from lianfang.loop.models import SheddingPolicy
from lianfang.loop.shedding import apply_shedding
from lianfang.loop.worker import sweep

pytestmark = pytest.mark.django_db


class Caller:
    """Somebody of the cast at the endpoints, at a moment."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.at = world, NOON
        monkeypatch.setattr("lianfang.api.door.now", lambda: self.at)
        monkeypatch.setattr("lianfang.web.middleware.now", lambda: self.at)

    def __call__(self, name: str, method: str, url: str, /, **body: Any) -> tuple[int, Any]:
        client = Client()
        client.force_login(self.world.users[name])
        headers = body.pop("headers", None)
        if method == "GET":
            answer = client.get(f"/api{url}", body)
        else:
            answer = client.post(f"/api{url}", json.dumps(body), "application/json", headers=headers)
        return answer.status_code, answer.json()


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Caller:
    return Caller(build_world(), monkeypatch)


def test_an_interview_names_people_where_they_live(call: Caller) -> None:
    case = a_case(call.world, onset_on=local_day(NOON) - timedelta(days=2))
    people = [
        {"name": "赵磊", "phone": "13900000001", "last_contact_on": "2020-02-11", "setting": "household"},
        {"name": "钱梅", "place": "420107001", "last_contact_on": "2020-02-11", "place_text": "tea house"},
    ]
    status, listed = call("alice", "POST", f"/cases/{case.number}/interview", people=people)
    assert (status, [one["contact"]["place"] for one in listed]) == (200, ["420106", "420107001"])
    assert [one["known"] for one in listed] == [False, False]
    status, again = call("alice", "POST", f"/cases/{case.number}/interview", people=people[:1])
    assert (again[0]["known"], again[0]["contact"]["id"]) == (True, listed[0]["contact"]["id"])
    # The neighbour sees the contact who lives there, and where they met.
    _, met = call("dina", "GET", f"/contacts/{listed[1]['contact']['id']}/exposures")
    assert [(one["place_text"], one["origin"]) for one in met] == [("tea house", "interview")]
    assert call("dina", "GET", f"/contacts/{listed[0]['contact']['id']}")[0] == 404
    assert call("alice", "POST", f"/cases/{case.number}/interview", people=[])[0] == 422


def test_a_meeting_is_recorded_in_a_place_and_withdrawn(call: Caller) -> None:
    contact = a_contact(call.world)
    status, _ = call(
        "alice", "POST", f"/contacts/{contact.pk}/exposures", to_on="2020-02-11", place="420106001001"
    )
    assert status == 200
    _, met = call("alice", "GET", f"/contacts/{contact.pk}/exposures")
    assert [(one["to_on"], one["place"]) for one in met] == [
        ("2020-02-11", "420106001001"),
        ("2020-02-10", ""),
    ]
    status, after = call("alice", "POST", f"/exposures/{met[0]['id']}/withdrawal", reason="another tea house")
    assert (status, after["last_contact_on"]) == (200, "2020-02-10")
    assert call("alice", "POST", f"/exposures/{met[0]['id']}/withdrawal", reason="twice")[0] == 404


def test_from_a_place_to_release(call: Caller) -> None:
    contact = a_contact(call.world)
    site = contacts.open_site(name="东山宾馆", place=call.world.places["420106001"], by=BY, at=NOON)
    contacts.add_beds(site=site, room="101", n=1, from_at=NOON, by=BY, at=NOON)
    status, stay = call(
        "alice", "POST", f"/contacts/{contact.pk}/stays", site=site.pk, room="101", needs=["alone"]
    )
    assert (status, stay["kind"], stay["room"], stay["needs"]) == (200, "central", "101", ["alone"])
    _, rooms = call("alice", "GET", f"/isolation-sites/{site.pk}/rooms")
    assert rooms == [{"label": "101", "n_beds": 1, "stays": [stay["id"]]}]
    other = a_contact(call.world)
    status, refused = call("alice", "POST", f"/contacts/{other.pk}/stays", site=site.pk)
    assert (status, refused["code"]) == (409, "contacts.no_free_bed")
    assert call("alice", "POST", f"/contacts/{other.pk}/stays", site=site.pk, room="999")[0] == 404
    for act, body in (
        ("liaison", {"name": "周敏"}),
        ("attendance", {"how": "call", "seen_at": NOON.isoformat()}),
        ("supplies", {"brought_at": NOON.isoformat(), "what": "rice"}),
    ):
        assert call("bao", "POST", f"/stays/{stay['id']}/{act}", **body)[0] == 200
    status, refused = call("alice", "POST", f"/stays/{stay['id']}/release", reason="asked to")
    assert (status, refused["code"]) == (409, "contacts.not_yet_releasable")
    _, verdict = call("alice", "GET", f"/contacts/{contact.pk}/release")
    assert (verdict["ready"], verdict["judged"]) == (False, True)
    assert "14" in verdict["missing"][0]["en"]
    call.at = NOON + timedelta(days=13)
    sweep(at=call.at)
    status, stay = call("alice", "POST", f"/stays/{stay['id']}/release", reason="14 days, well")
    assert (status, stay["released_by"]) == (200, "covid_19_cn_2020/observation@2020")
    status, stays = call("alice", "GET", f"/contacts/{contact.pk}/stays")
    assert [one["until_at"] is not None for one in stays] == [True]
    status, _ = call("alice", "POST", f"/stays/{stay['id']}/withdrawal", reason="another person")
    assert (status, Stay.objects.current().count()) == (200, 0)


def test_a_positive_test_opens_a_case_and_a_suspicion_joins_it(call: Caller) -> None:
    contact = a_contact(call.world)
    taken = {"number": "C-1", "taken_at": NOON.isoformat()}
    assert call("alice", "POST", f"/contacts/{contact.pk}/swabs", **taken)[0] == 200
    status, swab = call(
        "alice",
        "POST",
        f"/contacts/{contact.pk}/swabs",
        **taken,
        finding="positive",
        resulted_at=NOON.isoformat(),
    )
    assert (status, swab["finding"], bool(swab["case"])) == (200, "positive", True)
    _, swabs = call("alice", "GET", f"/contacts/{contact.pk}/swabs")
    assert [one["finding"] for one in swabs] == ["positive"]
    status, suspected = call("alice", "POST", f"/contacts/{contact.pk}/suspicion", reason="fever too")
    assert (status, suspected["case"]) == (200, swab["case"])
    assert Contact.objects.get(pk=contact.pk).status == "became_case"


def test_a_link_is_shown_once_and_kept_nowhere(call: Caller) -> None:
    """Under an Idempotency-Key the same request again makes no second link, and is not shown the first one."""
    contact = a_contact(call.world)
    address = f"/contacts/{contact.pk}/self-link"
    status, link = call("bao", "POST", address, headers={"Idempotency-Key": "k-1"})
    assert status == 200
    status, again = call("bao", "POST", address, headers={"Idempotency-Key": "k-1"})
    assert (status, again["code"]) == (409, "access.shown_once")
    assert SelfLink.objects.count() == 1
    kept = RequestKey.objects.get(key="k-1")
    assert link["token"] not in unseal(kept.sealed_answer, context="answer")
    status, other = call("bao", "POST", address, headers={"Idempotency-Key": "k-2"})
    assert status == 200
    assert other["token"] != link["token"]
    assert SelfLink.objects.filter(revoked_at=None).count() == 1


def test_the_link_of_the_person(call: Caller) -> None:
    contact = a_contact(call.world)
    status, link = call("bao", "POST", f"/contacts/{contact.pk}/self-link")
    assert status == 200
    page = Client().get(link["address"].removeprefix("http://testserver"))
    assert page.status_code == 200
    status, done = call(
        "bao", "POST", f"/contacts/{contact.pk}/self-link/revocation", reason="telephone lost"
    )
    assert (status, done) == (200, {"revoked": 1})
    assert Client().get(link["address"].removeprefix("http://testserver")).status_code == 404


def test_the_round_is_ranked_and_says_how_much_a_policy_set_apart(call: Caller) -> None:
    plain, house, risky = (
        a_contact(call.world), a_contact(call.world, setting="household"), a_contact(call.world, is_high_risk=True),
    )  # fmt: skip
    sweep(at=NOON)
    place = call.world.places["420106001"]
    SheddingPolicy.objects.create(
        duty="contacts.observe", place=place, path=place.path, mode="ranked", keep=2, from_at=NOON,
        until_at=NOON + timedelta(days=1), reason="two visitors are ill",
    )  # fmt: skip
    apply_shedding(at=NOON)
    status, round_ = call("bao", "GET", "/round")
    assert (status, [one["id"] for one in round_["contacts"]], round_["shed"]) == (
        200,
        [risky.pk, house.pk],
        1,
    )
    # The unit above sees which visit it is and why, and the policy.
    status, shed = call("chen", "GET", "/tasks", state="shed", duty="contacts.observe")
    assert [(one["subject_id"], one["shed_because"]) for one in shed] == [(plain.pk, "two visitors are ill")]
    status, policies = call("chen", "GET", "/shedding-policies", area="4201")
    assert [(one["duty"], one["keep"]) for one in policies] == [("contacts.observe", 2)]
