"""The story of the contacts: found from visits around the case, confirmed, observed, ill, a case; the chain corrected; released.

It begins as the golden scenario does and goes on through the doors: what the machine finds, a person decides.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lianfang.cases.models import Case
from lianfang.contacts.models import Contact, Exposure, FollowUp, Stay
from lianfang.core.access.actor import Actor
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Person
from lianfang.core.registry.services import register_person
from lianfang.discovery.models import Found, Search
from lianfang.discovery.reading import as_records
from lianfang.discovery.services import take_visits
from lianfang.intake.services import ensure_source, receive_message
from lianfang.loop.models import Task
from lianfang.loop.worker import sweep
from lianfang.outlook.models import Focus, Study
from tests.acceptance.story import HOUR, Story, local
from tests.acceptance.test_golden_scenario import (
    NANMEN,
    XICHENG,
    confirmed,
    laboratory,
    look_at_the_person,
    reading_at_the_gate,
    story,
    task_of,
)

pytestmark = pytest.mark.django_db
__all__ = ["story"]
TEA_HOUSE = "东门茶馆"


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, settings: Any) -> None:
    settings.VISITS_DIR = tmp_path / "visits"


def somebody(story: Story, name: str, place: str) -> Person:
    home = story.world.places[place]
    row = PersonCandidate(name=name, birth_date=date(1980, 3, 5), place_id=home.pk, path=home.path)
    return register_person(row=row, by=story.who("alice"), at=story.at)


def found_from_visits(story: Story, case: Case) -> tuple[Contact, Contact]:
    """Three shared the tea house with the case in its window; two are confirmed as contacts, one served behind glass."""
    near, across, waiter = (
        somebody(story, name, place)
        for name, place in (("钱丽华", NANMEN), ("孙建军", XICHENG), ("周志远", NANMEN))
    )
    rows = [
        {
            "key": str(n), "person": str(who.uid), "place": "T1", "kind": "meal", "place_name": TEA_HOUSE,
            "area": NANMEN, "arrive": "2020-02-11T14:00:00", "leave": f"2020-02-11T{hour}:00:00",
        }
        for n, (who, hour) in enumerate(((case.person, 16), (near, 16), (across, 16), (waiter, 17)))
    ]  # fmt: skip
    take_visits(
        records=as_records(pl.DataFrame(rows)), source="tea-house", by=Actor.system("gate"), at=story.at
    )
    alice = story.client("alice")
    assert story.client("bao").post(f"/discovery/{case.number}", {"purpose": "curious"}).status_code == 403
    assert alice.post(f"/discovery/{case.number}", {"purpose": "密接排查"}).status_code == 302
    search = Search.objects.get()
    assert (search.n_found, search.n_proposed, Contact.objects.count()) == (3, 3, 0)
    story.turn()
    found = {row.person_id: row for row in Found.objects.filter(search=search)}
    assert task_of("loop.judge", found[near.pk].finding_id).unit.code == "420106-cdc"
    for decision, people in (("confirmed", (near, across)), ("dismissed", (waiter,))):
        answer = alice.post(
            f"/discovery/{case.number}/judgements",
            {
                "decision": decision,
                "reason": "asked the owner",
                "found": [found[one.pk].pk for one in people],
            },
        )
        assert answer.status_code == 302
    story.turn()
    assert not Contact.objects.filter(person=waiter).exists()
    first, second = (Contact.objects.get(person=one) for one in (near, across))
    assert set(Exposure.objects.values_list("origin", "place_text", "setting")) == {
        ("visits", TEA_HOUSE, "other")
    }
    for contact, unit in ((first, "420106001-com"), (second, "420107001-com")):
        assert task_of("contacts.notify", contact.pk).unit.code == unit
    # The neighbour sees her resident and not the case; Dongshan sees both contacts.
    assert [c.pk for c in Contact.objects.visible_to(story.who("dina"))] == [second.pk]
    assert story.client("dina").get(f"/cases/{case.number}").status_code == 404
    return first, second


def placed(story: Story, first: Contact, second: Contact) -> None:
    """Each side places its own resident at home."""
    for name, contact in (("alice", first), ("dina", second)):
        assert story.client(name).post(f"/contacts/{contact.pk}/acts/place", {}).status_code == 302
    story.turn()
    assert {task_of("contacts.place", c.pk).status for c in (first, second)} == {"done"}
    assert Stay.objects.get(contact=second).path == story.world.places[XICHENG].path


def seen(story: Story, name: str, contact: Contact, **fields: Any) -> None:
    body = {"seen": "seen_ok", "seen_at": story.at.isoformat(), "temperature": 36.6, **fields}
    assert story.post(name, f"/api/contacts/{contact.pk}/visits", body).status_code == 200


def observed(story: Story, first: Contact, second: Contact, to: int) -> None:
    """Both are seen every day by their own side."""
    for day in range(13, to + 1):
        story.go(local(day, 10), step=6 * HOUR)
        seen(story, "bao", first)
        seen(story, "dina", second)
    story.turn()
    assert sweep(at=story.at).failed == []
    # Xihe has no depot of its own: the prefecture above it answers for what is brought there.
    for contact, county, unit in ((first, "420106", "420106-depot"), (second, "420107", "4201-cdc")):
        stay = Stay.objects.get(contact=contact)
        brought = task_of("contacts.supply", stay.pk, occasion="2020-02-13")
        assert brought.unit.code == unit
        assert brought.path.startswith(story.world.places[county].path)
    visits = Task.objects.filter(
        duty="contacts.observe", occasion__lte=f"2020-02-{to}", occasion__gte="2020-02-13"
    )
    assert set(visits.values_list("status", flat=True)) == {"done"}


def falls_ill(story: Story, case: Case, contact: Contact) -> Case:
    """A cough and 38 °C are looked at within two hours, make a suspected case and, by its test, a confirmed one."""
    story.go(local(17, 9), step=6 * HOUR)
    seen(story, "bao", contact, seen="seen_not_ok", temperature=38.0, signs=["cough"])
    story.turn()
    signs = Task.objects.get(duty="contacts.signs")
    assert (signs.status, signs.due_at) == ("open", story.at + 2 * HOUR)
    story.go(story.at + HOUR)
    acts = f"/contacts/{contact.pk}/acts/suspect"
    assert story.client("bao").post(acts, {"suspect-reason": ""}).status_code == 422
    assert story.client("bao").post(acts, {"suspect-reason": "fever and cough"}).status_code == 302
    story.turn()
    second = Case.objects.exclude(pk=case.pk).get()
    assert (second.person_id, second.onset_on, second.place.code) == (
        contact.person_id,
        date(2020, 2, 17),
        "420106",
    )
    signs.refresh_from_db()
    assert signs.status == "done"
    assert Contact.objects.get(pk=contact.pk).status == FollowUp.BECAME_CASE
    assert task_of("cases.sample", second.pk).status == "open"
    source = ensure_source(
        code="lab", unit=story.world.units["420106-lab"], by=story.who("alice"), at=story.at
    )
    taken = {"case_number": second.number, "sample_number": "S-80", "specimen": "nasopharyngeal_swab"}
    moments = {"sampled_at": "2020-02-17T10:30:00+08:00", "received_at": "2020-02-17T11:00:00+08:00"}
    story.go(local(17, 18))
    result = {"test": "rt_pcr", "finding": "positive", "resulted_at": "2020-02-17T17:00:00+08:00"}
    message = {**taken, **moments, **result, "result_key": "R-80"}
    receive_message(source=source, target="lab_result", message=message, by=story.who("emil"), at=story.at)
    story.turn()
    second.refresh_from_db()
    assert second.classification == "confirmed"
    return second


def cluster_of_the_tea_house(story: Story, case: Case, second: Case) -> None:
    """Two cases met in one place within 14 days: a cluster for a person to judge, and to report within two hours."""
    focus = Focus.objects.get(kind="venue", label=TEA_HOUSE)
    assert set(focus.cases.all()) == {case, second}
    assert (focus.is_cluster, focus.edition, task_of("outlook.report_cluster", focus.pk).status) == (
        True, "cluster@4", "open",
    )  # fmt: skip


def row_of(second: Case) -> dict[str, Any]:
    run = Study.objects.get(method="chains", path="CN.42.4201.").latest
    assert run is not None
    return next(row for row in run.result["cases"] if row["id"] == second.pk)


def chain_corrected(story: Story, case: Case, second: Case) -> None:
    """The record says that the one infected the other; a sequence says otherwise, and a person decides."""
    story.go(story.at + HOUR)
    before = row_of(second)
    assert (before["source"], before["generation"]) == (case.pk, 1)
    page = f"/chains/{second.number}"
    refused = story.client("dina").post(page, {"decision": "outside", "reason": "x"})
    assert refused.status_code == 404
    answer = story.client("alice").post(
        page, {"decision": "rejected", "source": case.pk, "reason": "the sequences differ by 11 sites"}
    )
    assert answer.status_code == 302
    story.turn()
    assert row_of(second)["source"] is None
    answer = story.client("alice").post(page, {"decision": "outside", "reason": "came from Wuhan on the 9th"})
    assert answer.status_code == 302
    story.turn()
    after = row_of(second)
    assert (after["source"], after["generation"], after["held"]) == (None, 0, "outside")
    assert "came from Wuhan on the 9th" in story.client("alice").get(page).content.decode()


def released(story: Story, contact: Contact) -> None:
    """Not before the fourteenth day, then by the edition and with a reason; and only by the side where they are."""
    acts = f"/contacts/{contact.pk}/acts/release"
    early = story.client("dina").post(acts, {"release-reason": "asked to"})
    assert early.status_code == 409
    for day in range(18, 26):
        story.go(local(day, 10), step=6 * HOUR)
        seen(story, "dina", contact)
    story.go(local(26, 1), step=6 * HOUR)
    assert sweep(at=story.at).failed == []
    stay = Stay.objects.get(contact=contact)
    assert Contact.objects.get(pk=contact.pk).status == FollowUp.COMPLETED
    assert task_of("contacts.release", stay.pk).status == "open"
    assert story.client("alice").post(acts, {"release-reason": "14 days"}).status_code == 403
    assert story.client("dina").post(acts, {"release-reason": "14 days, well"}).status_code == 302
    story.turn()
    stay.refresh_from_db()
    assert (stay.until_at, stay.released_by_rule) == (story.at, "covid_19_cn_2020/observation@2020")
    assert task_of("contacts.release", stay.pk).status == "done"


def test_from_visits_to_release(story: Story) -> None:
    case = look_at_the_person(story, reading_at_the_gate(story))
    laboratory(story, case)
    confirmed(story, case)
    story.go(story.at + timedelta(minutes=30))
    first, second = found_from_visits(story, case)
    placed(story, first, second)
    observed(story, first, second, to=16)
    later = falls_ill(story, case, first)
    cluster_of_the_tea_house(story, case, later)
    chain_corrected(story, case, later)
    released(story, second)
    story.is_whole()
