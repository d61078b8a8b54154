"""What holds for every endpoint: the same request twice, documentation with examples that work, problems as problem+json."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.doors.routes import ROUTES, ROWS, address, things
from tests.world import World, a_person, build_world

from lianfang.api.door import ENDPOINTS, KEY, REPLAYED, api
from lianfang.api.urls import MODULES
from lianfang.cases.models import Case, Result, Sample
from lianfang.cases.services import open_case
from lianfang.common.clock import now
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import RequestKey
from lianfang.core.access.services import issue_token
from lianfang.core.audit.models import Event
from lianfang.intake.models import Batch
from lianfang.loop.models import Task
from lianfang.loop.worker import turn

assert MODULES
WRITES = [one for one in ENDPOINTS if one.method != "GET"]


@pytest.fixture
def world(db: None) -> World:
    return build_world(now())


class Machine:
    """A client that signs in with a key."""

    def __init__(self, world: World, login: str) -> None:
        at = now()
        issued = issue_token(user=world.users[login], name="test", by=world.actor("jia", at), at=at)
        self.client = Client(headers={"authorization": f"Bearer {issued.secret}"})

    def post(self, path: str, body: Any, key: str = "") -> Any:
        headers = {KEY: key} if key else {}
        return self.client.post(f"/api{path}", body, content_type="application/json", headers=headers)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api{path}")


@pytest.fixture
def alice(world: World) -> Machine:
    return Machine(world, "alice")


def a_report(name: str = "王小明") -> dict[str, Any]:
    who = {"place": "420106001", "name": name, "sex": "male", "phone": "13800000001"}
    return {"disease": "covid_19_cn_2020", "place": "420106", "who": who}


def test_the_same_request_twice_is_one_act_and_one_answer(alice: Machine) -> None:
    first = alice.post("/cases", a_report(), "k-1")
    again = alice.post("/cases", a_report(), "k-1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert (REPLAYED in first, again[REPLAYED]) == (False, "true")
    assert Case.objects.count() == 1
    assert Event.objects.filter(tag="cases.opened").count() == 1
    # Without a key the second report is the conflict that it is.
    assert alice.post("/cases", a_report()).status_code == 409


def test_another_request_under_the_same_key_is_refused(alice: Machine, world: World) -> None:
    alice.post("/cases", a_report(), "k-1")
    other = alice.post("/cases", a_report("李四"), "k-1")
    assert (other.status_code, other.json()["code"]) == (409, "access.key_reused")
    assert other["Content-Type"] == "application/problem+json"
    elsewhere = alice.post("/people", a_report()["who"], "k-1")
    assert elsewhere.status_code == 409
    assert Case.objects.count() == 1
    # Somebody else's keys are another matter.
    assert Machine(world, "fang").post("/cases", a_report("李四"), "k-1").status_code == 200


def test_a_refused_request_may_be_sent_again_under_its_key(alice: Machine) -> None:
    wrong = {**a_report(), "disease": "plague"}
    assert alice.post("/cases", wrong, "k-1").status_code == 422
    assert not RequestKey.objects.exists(), "nothing was done, and nothing is kept"
    assert alice.post("/cases", a_report(), "k-1").status_code == 200


def test_answers_are_kept_sealed_and_for_a_day(alice: Machine, world: World) -> None:
    person = alice.post("/people", a_report()["who"]).json()["person"]["uid"]
    asked = {"kinds": ["name"], "purpose": "a call"}
    first = alice.post(f"/people/{person}/reveal", asked, "k-1")
    assert first.json()["values"] == {"name": ["王小明"]}
    kept = RequestKey.objects.get()
    assert "王小明".encode() not in bytes(kept.sealed_answer)
    assert alice.post(f"/people/{person}/reveal", asked, "k-1").json() == first.json()
    assert Event.objects.filter(tag="registry.identity_revealed").count() == 1
    RequestKey.objects.update(at=int(now().timestamp()) - 2 * 86400)
    alice.post("/people", a_report("李四")["who"], "k-2")
    assert list(RequestKey.objects.values_list("key", flat=True)) == ["k-2"]


def test_a_file_sent_twice_under_a_key(alice: Machine) -> None:
    def send(content: bytes) -> Any:
        form = {"source": "file", "file": SimpleUploadedFile("rows.csv", content)}
        return alice.client.post("/api/imports", form, headers={KEY: "f-1"})

    first = send(ROWS)
    assert first.status_code == 200, first.content
    assert send(ROWS).content == first.content, "the boundary of the form differs, what is sent does not"
    assert send(ROWS + b"L-9,M,40,2020-02-08,2020-02-10,covid_19\n").status_code == 409
    assert Batch.objects.count() == 1
    pk = first.json()["batch"]["id"]
    columns = alice.get(f"/imports/{pk}/mapping").json()
    mapping = {one["column"]: one["field"] for one in columns["columns"] if one["field"]}
    alice.post(f"/imports/{pk}/mapping", {"columns": mapping})
    assert alice.post(f"/imports/{pk}/trial", {}).json()["created"] == 1
    assert Case.objects.count() == 0
    done = alice.post(f"/imports/{pk}/acceptance", {}, "a-1").json()
    assert (done["state"], done["accepted"]) == ("done", 1)
    assert alice.post(f"/imports/{pk}/acceptance", {}, "a-1").json() == done


def test_bar_7_a_laboratory_message_twice_and_out_of_order(alice: Machine, world: World) -> None:
    """One sample, one result, one duty closed: whichever came first, and however often."""
    number = alice.post("/cases", a_report()).json()["number"]
    laboratory = Machine(world, "emil")
    world_source(world)
    sample = {"case_number": number, "sample_number": "S-1", "specimen": "nasopharyngeal_swab"}
    received = {"key": "M-1", "fields": {**sample, "received_at": "2020-02-12T10:00:00+08:00"}}
    result = {
        "key": "M-2",
        "fields": {
            **sample,
            "test": "rt_pcr",
            "finding": "positive",
            "resulted_at": "2020-02-12T16:00:00+08:00",
        },
    }
    for _ in range(2):  # the result before the receipt, both twice
        body = {"source": "lab", "target": "lab_result", "messages": [result, received]}
        answer = laboratory.post("/messages", body)
        assert answer.status_code == 200, answer.content
        turn(at=now())
    assert [one["outcome"] for one in answer.json()] == ["known", "known"]
    assert (Sample.objects.count(), Result.objects.current().count()) == (1, 1)
    assert list(Task.objects.filter(duty="cases.test").values_list("status", flat=True)) == ["done"]
    assert Case.objects.get().classification == "confirmed"


def world_source(world: World) -> None:
    from lianfang.intake.services import ensure_source

    by = world.actor("alice", now())
    ensure_source(code="lab", unit=world.units["420106-lab"], by=by, at=now())


def test_every_write_is_documented_with_its_key_and_an_example(world: World) -> None:
    schema = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    bodies = schema["components"]["schemas"]
    for one in WRITES:
        said = schema["paths"][f"/api{one.route}".replace("{uuid:", "{")]["post"]
        assert KEY in {each["name"] for each in said["parameters"]}, one.name
        assert "default" in said["responses"], one.name
        content = said.get("requestBody", {}).get("content", {})
        named = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        if named:
            assert bodies[named.rpartition("/")[2]].get("example"), f"{one.name} has no example"


def test_the_examples_are_read_as_they_stand(world: World, alice: Machine) -> None:
    """An example may be refused for what it names; it must not be refused as unreadable."""
    made = things(world, now())
    schema = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    for one in WRITES:
        said = schema["paths"][f"/api{one.route}".replace("{uuid:", "{")]["post"]
        ref = (
            said.get("requestBody", {})
            .get("content", {})
            .get("application/json", {})
            .get("schema", {})
            .get("$ref")
        )
        if not ref:
            continue
        url = address(one.route, ROUTES[f"{one.method} {one.route}"].names, made)
        example = schema["components"]["schemas"][ref.rpartition("/")[2]]["example"]
        answer = alice.post(url, example)
        assert answer.status_code < 500, (one.name, answer.content)
        assert answer.status_code == 200 or answer.json()["code"] != "api.invalid", (one.name, answer.content)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/cases", "{", 400, "api.unreadable"),
        ("/cases", {"disease": "covid_19_cn_2020"}, 422, "api.invalid"),
        ("/cases", {**a_report(), "colour": "red"}, 422, "api.invalid"),
        ("/cases", {"disease": "covid_19_cn_2020", "place": "420106"}, 422, "registry.no_person"),
        ("/cases", {**a_report(), "place": "999"}, 422, "registry.unknown_place"),
        ("/cases/none/outcome", {"kind": "recovered", "on": "2020-02-25"}, 404, "common.not_visible"),
        ("/cases/none/outcome", {"kind": "better", "on": "2020-02-25"}, 422, "api.invalid"),
    ],
)
def test_refusals_are_problems(alice: Machine, path: str, body: Any, status: int, code: str) -> None:
    answer = alice.post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"]
    assert not Case.objects.exists()


def test_a_long_key_and_no_key_at_all(alice: Machine) -> None:
    assert alice.post("/cases", a_report(), "k" * 121).status_code == 400
    stranger = Client().post("/api/cases", a_report(), content_type="application/json")
    assert (stranger.status_code, stranger.json()["code"]) == (401, "access.not_signed_in")


def test_the_glass_is_broken_for_three_hours_and_answered_for(world: World, alice: Machine) -> None:
    """Another area is closed, then open for reading with a reason, listed to its supervisor, and closed by her word."""
    at = now()
    other = open_case_elsewhere(world, at)
    assert alice.get(f"/cases/{other}").status_code == 404
    opened = alice.post(
        "/emergencies", {"place": "420107", "reason": "her contacts are in our county"}
    ).json()
    assert (opened["place"], opened["justified"]) == ("420107", None)
    assert alice.get(f"/cases/{other}").status_code == 200
    assert [one["id"] for one in alice.get("/emergencies/own").json()] == [opened["id"]]
    chen = Machine(world, "chen")
    assert [one["login"] for one in chen.get("/emergencies").json()] == ["alice"]
    said = {"justified": False, "review": "a call would have done"}
    assert chen.post(f"/emergencies/{opened['id']}/review", said).status_code == 200
    assert alice.get(f"/cases/{other}").status_code == 404


def open_case_elsewhere(world: World, at: Any) -> str:
    person = a_person(world, "420107001")
    case = open_case(
        person=person,
        disease="covid_19_cn_2020",
        place=world.places["420107"],
        by=Actor.system("test"),
        at=at,
    )
    return case.number


def test_a_policy_that_sheds_load_is_adopted_seen_and_ended(world: World) -> None:
    chen = Machine(world, "chen")
    said = {
        "duty": "contacts.observe",
        "place": "420106",
        "mode": "sampled",
        "keep": 50,
        "until_at": "2099-01-01T00:00:00+08:00",
        "reason": "half of the visitors are ill",
    }
    adopted = chen.post("/shedding-policies", said).json()
    assert [one["id"] for one in chen.get("/shedding-policies").json()] == [adopted["id"]]
    refused = chen.post("/shedding-policies", {**said, "duty": "cases.report"})
    assert (refused.status_code, refused.json()["code"]) == (422, "loop.not_sheddable")
    assert (
        chen.post(f"/shedding-policies/{adopted['id']}/end", {"reason": "hands are back"}).status_code == 200
    )
    assert chen.get("/shedding-policies").json() == []
