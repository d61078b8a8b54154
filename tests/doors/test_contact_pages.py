"""The pages of contacts: interview to release, both sides of a border, the round, the self-report link."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from tests.world import World, a_person, build_world

from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.common.clock import local_day, now, site_zone
from lianfang.contacts import services as contacts
from lianfang.contacts.models import Contact, Observation, Stay
from lianfang.core.access.actor import Actor
from lianfang.core.registry.services import create_household
from lianfang.loop.worker import sweep, turn
from lianfang.teams.models import Team, Worker

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.users[name])
    return client


@pytest.fixture
def world() -> World:
    return build_world(now())


def a_case(world: World):
    at = now()
    return cases.open_case(
        person=a_person(world, at=at),
        disease="covid_19_cn_2020",
        place=world.places["420106"],
        diagnosis="confirmed",
        by=BY,
        at=at,
    )


def a_contact(world: World, place: str = "420106001001") -> Contact:
    at = now()
    return contacts.name_contact(
        person=a_person(world, place, at), case=a_case(world), last_contact_on=local_day(at), by=BY, at=at
    )


def test_from_the_interview_to_the_release(world: World) -> None:
    case, alice = a_case(world), signed_in(world, "alice")
    address = reverse("web:interview", kwargs={"number": case.number})
    today = local_day(now()).isoformat()
    shown = alice.post(address, {"text": f"李娜，13800138000，妻子，{today}\n王强 同事"})
    assert shown.status_code == 200
    assert [row.initial["name"] for row in shown.context["rows"]] == ["李娜", "王强"]
    lacking = {"r0-name": "李娜", "r0-last_contact_on": today, "r1-name": "王强"}
    assert alice.post(address, lacking).status_code == 422
    assert not Contact.objects.exists()
    given = {
        "r0-name": "李娜", "r0-phone": "13800138000", "r0-relation": "spouse", "r0-last_contact_on": today,
        "r0-setting": "household", "r0-place_code": "420106001001", "r1-name": "", "r1-last_contact_on": "",
    }  # fmt: skip
    assert alice.post(address, given).status_code == 302
    contact = Contact.objects.get()
    assert (contact.setting, contact.place.code) == ("household", "420106001001")
    page = reverse("web:contact", kwargs={"pk": contact.pk})

    def act(act_: str, **fields: object):
        where = reverse("web:act_on_contact", kwargs={"pk": contact.pk, "act": act_})
        return alice.post(where, {f"{act_}-{key}": value for key, value in fields.items()})

    assert act("place", needs=["poor"]).status_code == 302
    assert act("liaison", name="李明", phone="13900000000").status_code == 302
    assert "李明" in alice.get(page).content.decode()
    assert act("attend", how="call", reached="on").status_code == 302
    assert (
        act("release", reason="14 days").status_code == 409
    )  # not yet by the rule, and the page says what is missing
    assert act("release", reason="went to hospital", decides_otherwise="on").status_code == 302
    assert Stay.objects.get().until_at is not None
    assert act("nonsense").status_code == 404


def test_each_side_of_the_border_sees_what_it_needs(world: World) -> None:
    contact = a_contact(world, "420107001")
    contacts.place_contact(contact=contact, needs=["poor"], by=BY, at=now())
    contacts.record_observation(contact=contact, seen="seen_ok", seen_at=now(), by=BY, at=now())
    page = reverse("web:contact", kwargs={"pk": contact.pk})
    case_page = reverse("web:case", kwargs={"number": contact.case.number})
    here, there = signed_in(world, "alice").get(page), signed_in(world, "dina").get(page)
    assert (here.status_code, there.status_code) == (200, 200)
    assert here.context["days"] == there.context["days"]  # status and follow-up on both sides
    assert here.context["stays"] == []  # the county of the case needs no more
    assert len(there.context["stays"]) == 1
    assert case_page in here.content.decode()
    assert case_page not in there.content.decode()  # nor the county of residence the case
    assert here.context["acts"] == []
    for name in ("stranger", "bao", "nobody"):
        assert signed_in(world, name).get(page).status_code in {403, 404}


def test_the_round_is_ranked_and_an_entry_sent_twice_is_one(world: World) -> None:
    plain, risky = a_contact(world), a_contact(world)
    contacts.name_contact(
        person=risky.person, case=risky.case, last_contact_on=risky.last_contact_on, is_high_risk=True,
        by=BY, at=now(),
    )  # fmt: skip
    turn(at=now())
    sweep(at=now())
    bao = signed_in(world, "bao")
    shown = bao.get(reverse("web:round"))
    assert [contact.pk for contact, _key in shown.context["rows"]] == [risky.pk, plain.pk]
    entry = {"seen": "seen_ok", "temperature": "36.5", "signs": "", "key": "abc"}
    where = reverse("web:round_entry", kwargs={"pk": risky.pk})
    for _ in range(2):
        assert bao.post(where, entry).status_code == 302
    assert Observation.objects.count() == 1
    turn(at=now())
    assert [c.pk for c, _ in bao.get(reverse("web:round")).context["rows"]] == [plain.pk]


def test_more_work_than_hands_is_ranked_and_what_is_set_apart_stands_on_the_pages_of_the_unit_above(
    world: World,
) -> None:
    visits = [a_contact(world) for _ in range(3)]
    contacts.name_contact(
        person=visits[2].person, case=visits[2].case, last_contact_on=visits[2].last_contact_on,
        is_high_risk=True, by=BY, at=now(),
    )  # fmt: skip
    turn(at=now())
    sweep(at=now())
    chen, policies = signed_in(world, "chen"), reverse("web:policies")
    policy = {"duty": "contacts.observe", "mode": "ranked", "keep": "1", "reason": "two visitors are ill"}
    until = (now() + timedelta(days=2)).astimezone(site_zone())  # beyond the end of today, at any hour
    policy |= {"until_at": until.strftime("%Y-%m-%dT%H:%M")}
    assert chen.post(f"{policies}?area=4201", policy).status_code == 302
    here = signed_in(world, "bao").get(reverse("web:round"))
    assert [contact.pk for contact, _key in here.context["rows"]] == [visits[2].pk]
    assert here.context["n_shed"] == 2
    # the unit above: how many on its start page, which ones one click away, and why
    assert chen.get("/").context["n_shed"] == 2
    listed = chen.get("/tasks", {"state": "shed", "duty": "contacts.observe"}).content.decode()
    assert all(contact.person.label in listed for contact in visits[:2])
    assert visits[2].person.label not in listed
    shown = chen.get(policies).context["policies"]
    assert [(row.reason, n) for row, _title, n, _may in shown] == [("two visitors are ill", 2)]


@pytest.mark.parametrize(("language", "greeting"), [("en", "How are you today"), ("zh-hans", "您今天")])
def test_the_self_report_page_tells_nothing_and_takes_a_report(
    world: World, language: str, greeting: str
) -> None:
    contact = a_contact(world)
    made = signed_in(world, "bao").post(reverse("web:self_link", kwargs={"pk": contact.pk}))
    address = made.context["address"]
    somebody = Client(headers={"accept-language": language})
    shown = somebody.get(address)
    text = shown.content.decode()
    assert greeting in text
    for secret in (
        contact.person.label,
        contact.case.number,
        contact.place.name,
        str(contact.person.birth_year),
    ):
        assert secret not in text
    assert shown["Referrer-Policy"] == "same-origin"
    sent = {"temperature": "36.6", "signs": ["cough"], "key": shown.context["form"].initial["key"]}
    for _ in range(2):
        assert somebody.post(address, sent).status_code == 200
    row = Observation.objects.get()
    assert (row.by_self, row.signs, row.seen) == (True, ["cough"], "seen_not_ok")
    assert somebody.post(address, {"temperature": "70", "key": "x"}).status_code == 422
    assert somebody.get(address + "x").status_code == 404
    contacts.revoke_self_links(contact=contact, reason="lost", by=BY, at=now() + timedelta(seconds=1))
    assert somebody.get(address).status_code == 404


def test_an_isolation_site_fills_and_shows_its_days(world: World) -> None:
    alice = signed_in(world, "alice")
    opened = alice.post(reverse("web:isolation"), {"name": "东山宾馆", "kind": "hotel"})
    assert opened.status_code == 302
    assert alice.post(opened["Location"], {"room": "101", "n": 2, "act": "add"}).status_code == 302
    assert alice.post(opened["Location"], {"room": "x", "n": 1, "act": "close"}).status_code == 422
    contact = a_contact(world)
    site = alice.get(opened["Location"]).context["site"]
    where = reverse("web:act_on_contact", kwargs={"pk": contact.pk, "act": "place"})
    assert alice.post(where, {"place-site": site.pk}).status_code == 302
    shown = alice.get(opened["Location"])
    assert (shown.context["now"].n_taken, shown.context["now"].n_beds) == (1, 2)
    assert alice.post(opened["Location"], {"room": "101", "n": 2, "act": "close"}).status_code == 409
    assert signed_in(world, "stranger").get(opened["Location"]).status_code == 404


def test_what_was_entered_wrongly_is_withdrawn_on_the_page(world: World) -> None:
    contact, alice = a_contact(world), signed_in(world, "alice")
    at = now()
    contacts.record_observation(contact=contact, seen="missed", seen_at=at, by=BY, at=at)
    contacts.record_swab(contact=contact, number="C-7", taken_at=at, by=BY, at=at)
    stay = contacts.place_contact(contact=contact, by=BY, at=at)
    closing = contacts.close_observation(contact=contact, status="lost", reason="moved away", by=BY, at=at)
    page = reverse("web:contact", kwargs={"pk": contact.pk})
    shown = alice.get(page).content.decode()
    assert "C-7" in shown
    assert "moved away" in shown
    entries = {
        "closing": closing, "visit": contact.observations.get(), "stay": stay, "swab": contact.swabs.get(),
        "meeting": contact.exposures.get(),
    }  # fmt: skip
    for kind, row in entries.items():
        where = reverse(
            "web:withdraw_contact_entry", kwargs={"pk": contact.pk, "kind": kind, "entry": row.pk}
        )
        assert where in shown, kind
        assert alice.post(where, {"reason": ""}).status_code == 422
        assert alice.post(where, {"reason": "another person"}).status_code == 302
        row.refresh_from_db()
        assert (row.superseded_at is not None, row.withdrawn_because) == (True, "another person")
        assert alice.post(where, {"reason": "twice"}).status_code == 404
    contact.refresh_from_db()
    assert contact.status == "no_follow_up", "nobody is observed without a meeting"


def test_where_somebody_lives_is_chosen_by_name(world: World) -> None:
    case, alice = a_case(world), signed_in(world, "alice")
    address = reverse("web:interview", kwargs={"number": case.number})
    village, today = world.places["420106001001"], local_day(now()).isoformat()
    shown = alice.post(address, {"text": "李娜 13800138000"})
    assert f'<option value="{village.code}">' in shown.content.decode()
    row = {"r0-name": "李娜", "r0-last_contact_on": today}
    assert alice.post(address, row | {"r0-place_code": "Atlantis"}).status_code == 422
    twin = world.places["420107001"]
    type(twin).objects.filter(pk=twin.pk).update(name=village.name)
    refused = alice.post(address, row | {"r0-place_code": village.name})
    assert refused.status_code == 422
    assert twin.code in refused.content.decode(), "of two places of one name the reader says which"
    # Names of places above may stand before the name, apart or together, also across the border.
    for words in (f"西河县 {village.name}", f"西河县{village.name}"):
        answer = alice.post(address, row | {"r0-name": f"李娜{len(words)}", "r0-place_code": words})
        assert answer.status_code == 302, words
        assert Contact.objects.last().place == twin
    Contact.objects.all().delete()
    type(twin).objects.filter(pk=twin.pk).update(name="another")
    assert alice.post(address, row | {"r0-place_code": village.name}).status_code == 302
    assert Contact.objects.get().place == village


def test_a_contact_tells_of_contacts_of_their_own(world: World) -> None:
    contact, alice = a_contact(world), signed_in(world, "alice")
    address = reverse("web:interview", kwargs={"number": contact.case.number}) + f"?via={contact.pk}"
    assert address in alice.get(reverse("web:contact", kwargs={"pk": contact.pk})).content.decode()
    row = {"r0-name": "李娜", "r0-last_contact_on": local_day(now()).isoformat()}
    assert contact.person.label in alice.get(address).content.decode()
    assert alice.post(address, row).status_code == 302
    onward = Contact.objects.exclude(pk=contact.pk).get()
    assert (onward.via, onward.case) == (contact, contact.case)
    other = a_case(world)
    strange = reverse("web:interview", kwargs={"number": other.number}) + f"?via={contact.pk}"
    assert alice.post(strange, row).status_code == 404


def test_one_person_and_all_they_are(world: World) -> None:
    """Contact, case, health worker, member of a household, in isolation: one page says so, each as far as one may see."""
    contact, at = a_contact(world), now()
    person = contact.person
    contacts.place_contact(contact=contact, by=BY, at=at)
    contacts.suspect_contact(contact=contact, reason="fever", by=BY, at=at)
    create_household(place=person.place, members=[(person, "spouse")], from_on=date(2019, 1, 1), by=BY, at=at)
    team = Team.objects.create(
        name="东山医疗队", home=world.units["420106-cdc"], path=person.path, source_path=person.path
    )
    Worker.objects.create(
        team=team, person=person, code="D-1", skill="nurse", path=person.path, source_path=person.path
    )
    page = reverse("web:person", kwargs={"uid": person.uid})
    shown = signed_in(world, "alice").get(page).content.decode()
    case = Case.objects.get(person=person)
    for word in (case.number, contact.case.number, "东山医疗队", "H-", "居家"):
        assert word in shown, word
    assert case.number not in signed_in(world, "bao").get(page).content.decode()


def test_a_meeting_is_shown_with_what_the_edition_makes_of_it_in_the_reader_s_words(world: World) -> None:
    case, at = a_case(world), now()
    contact = contacts.name_contact(
        person=a_person(world, at=at), case=case, last_contact_on=local_day(at), setting="aerosol",
        distance_m=0.5, relation="colleague", by=BY, at=at,
    )  # fmt: skip
    contacts.record_exposure(
        contact=contact, to_on=local_day(at), setting="meal", protection="full", by=BY, at=at
    )
    alice = signed_in(world, "alice")
    alice.cookies["django_language"] = "zh-hans"
    shown = alice.get(reverse("web:contact", kwargs={"pk": contact.pk})).content.decode()
    for words in (
        "产生气溶胶",
        "共餐",
        "同事",
        "计入",
        "不计入：有效防护",
        "第0天",
        "密切接触者医学观察",
    ):
        assert words in shown, words
    for code in (">aerosol<", ">meal<", "contact_definition@5"):
        assert code not in shown, code
    choices = alice.get(reverse("web:contact", kwargs={"pk": contact.pk})).context["acts"]
    settings = next(form for act, _label, form in choices if act == "expose").fields["setting"].choices
    assert [code for code, _words in settings] == [
        "", "household", "caregiver", "aerosol", "office", "meal", "visitor", "vehicle", "other",
    ]  # fmt: skip


def test_who_was_named_by_two_cases_stands_once_in_the_list_with_both(world: World) -> None:
    first = a_contact(world)
    second = contacts.name_contact(
        person=first.person, case=a_case(world), last_contact_on=local_day(now()), by=BY, at=now()
    )
    alice = signed_in(world, "alice")
    for which in ("under", "unseen", "all"):
        shown = alice.get(reverse("web:contacts"), {"which": which})
        [(row, others)] = shown.context["contacts"]
        assert {row.pk, *(other.pk for other in others)} == {first.pk, second.pk}
        for contact in (first, second):
            assert contact.case.number in shown.content.decode()


def test_who_is_isolated_in_an_area_day_by_day(world: World) -> None:
    alice, at = signed_in(world, "alice"), now()
    empty = alice.get(reverse("web:isolation"))
    assert empty.context["is_empty"]
    site = contacts.open_site(place=world.places["420106"], name="东山宾馆", kind="hotel", by=BY, at=at)
    earlier = at - timedelta(days=3)
    contacts.add_beds(site=site, room="1", n=2, from_at=earlier, by=BY, at=at)
    for place in (site, None, None):
        contacts.place_contact(contact=a_contact(world), site=place, by=BY, at=at)
    shown = alice.get(reverse("web:isolation"))
    people, home, places = (one["values"][-5:] for one in shown.context["curve"]["series"])
    assert (people, home, places) == ([0, 0, 0, 0, 1], [0, 0, 0, 0, 2], [0, 2, 2, 2, 2])
    assert shown.context["now"].n_at_home == 2
    there = signed_in(world, "dina").get(reverse("web:isolation"))
    assert there.context["is_empty"]
