"""Contacts found from visits over REST: a purpose, the evidence, a decision; and nobody else's case."""

from typing import Any

import pytest
from tests.apps.discovery.test_search import AT, around, case, lake, world
from tests.doors.test_contact_api import Caller
from tests.world import World

from lianfang.cases.models import Case
from lianfang.contacts.models import Contact

pytestmark = pytest.mark.django_db
__all__ = ["case", "lake", "world"]


@pytest.fixture
def call(world: World, monkeypatch: pytest.MonkeyPatch) -> Caller:
    caller = Caller(world, monkeypatch)
    caller.at = AT
    return caller


def test_a_search_names_nobody_until_a_person_confirms(call: Caller, world: World, case: Case) -> None:
    table = around(world, case)
    address = f"/cases/{case.number}/visit-searches"
    status, refused = call("alice", "POST", address, purpose="  ")
    assert (status, refused["code"]) == (422, "discovery.no_purpose")
    assert call("bao", "POST", address, purpose="curious")[0] == 403
    assert call("dina", "POST", address, purpose="another county's case")[0] == 404
    status, made = call("alice", "POST", address, purpose="who sat at the table")
    assert (status, made["asked_by"], made["proposed"], made["unregistered"]) == (200, "alice", 1, 1)
    _, listed = call("alice", "GET", address)
    assert [one["purpose"] for one in listed] == ["who sat at the table"]
    status, found = call("alice", "GET", f"/visit-searches/{made['id']}/found")
    assert status == 200
    [one] = found
    assert (one["person"], one["decision"], one["contact"]) == (str(table.uid), "", None)
    assert [(s["venue"], s["seconds"], s["present"]) for s in one["stays"]] == [("东门饭馆", 3600, 2)]
    assert call("dina", "GET", f"/visit-searches/{made['id']}/found")[0] == 404
    assert not Contact.objects.exists()
    judgement = f"/visit-searches/found/{one['id']}/judgement"
    assert call("dina", "POST", judgement, decision="confirmed", reason="x")[0] == 404
    assert call("alice", "POST", judgement, decision="confirmed", reason="")[0] == 422
    status, judged = call("alice", "POST", judgement, decision="confirmed", reason="the owner remembers")
    contact: Any = Contact.objects.get()
    assert (status, judged["decision"], judged["contact"]) == (200, "confirmed", contact.pk)
    assert contact.person_id == table.pk


def test_one_who_is_dismissed_is_no_contact(call: Caller, world: World, case: Case) -> None:
    around(world, case)
    _, made = call("alice", "POST", f"/cases/{case.number}/visit-searches", purpose="who sat at the table")
    _, [one] = call("alice", "GET", f"/visit-searches/{made['id']}/found")
    status, judged = call(
        "alice",
        "POST",
        f"/visit-searches/found/{one['id']}/judgement",
        decision="dismissed",
        reason="served behind glass",
    )
    assert (status, judged["decision"], judged["contact"]) == (200, "dismissed", None)
    assert not Contact.objects.exists()
    assert (
        call("alice", "POST", "/visit-searches/found/0/judgement", decision="dismissed", reason="x")[0] == 404
    )
