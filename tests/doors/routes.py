"""One of everything that an address can name, all in Dongshan, and for each published route how to call it.

A new page or endpoint needs one line in `ROUTES`: what its parameters point at, what is sent, and which permissions it
asks for beyond its own (to find the object, or to act on it).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from tests.doors.route import Route, about, listing
from tests.doors.routes_command import (
    COMMAND_ROUTES,
    OUTLINE,
    bulletin_things,
    command_things,
    resumption_things,
)
from tests.doors.routes_rest import REST_ROUTES
from tests.world import World, a_person

from lianfang.care import services as care
from lianfang.cases import services as cases
from lianfang.common.clock import local_day
from lianfang.contacts.services import name_contact, open_site, place_contact
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import BreakGlass
from lianfang.core.access.permissions import Permission
from lianfang.core.access.services import issue_token
from lianfang.core.registry.models import MatchReview
from lianfang.core.registry.services import merge_people
from lianfang.discovery.models import Found, Search
from lianfang.intake.models import Source
from lianfang.intake.services import confirm_mapping, propose_mapping, receive_file, receive_message
from lianfang.loop.models import Finding, SheddingPolicy, Task, Verification
from lianfang.loop.worker import sweep
from lianfang.outlook.models import Focus, Study
from lianfang.outlook.runs import keep_run
from lianfang.outlook.services import rule_on_source
from lianfang.outlook.treatment_effect import treatment_effect
from lianfang.planning.services import propose_beds
from lianfang.regions.night import compute
from lianfang.teams import services as teams
from lianfang.teams.models import Shift
from lianfang.teams.rosters import propose_shifts

P = Permission
COUNTY = "420106"
DISEASE = "covid_19_cn_2020"
ROWS = b"case_id,sex,age,date_onset,date_report,disease\nL-1,F,30,2020-02-08,2020-02-10,covid_19\n"


def things(world: World, at: datetime) -> dict[str, Any]:
    """Make one of everything in the county of Dongshan; return what an address shows of each."""
    alice, emil = world.actor("alice", at), world.actor("emil", at)
    made: dict[str, Any] = {}

    def someone() -> Any:
        return a_person(world, COUNTY, at=at)

    case = cases.open_case(
        person=someone(), disease=DISEASE, place=world.places[COUNTY], diagnosis="confirmed", by=alice, at=at
    )
    sign = cases.record_signs(case=case, signs={"fever": True}, seen_at=at, by=alice, at=at)[0]
    cases.record_signs(case=case, signs={}, seen_at=at, onset_on=local_day(at), by=alice, at=at)
    sample = cases.record_sample(
        case=case, number="S-1", specimen="nasopharyngeal_swab", taken_at=at, by=emil, at=at
    )
    cases.record_epi_link(
        case=case, kind="contact_with_infected", place_text="Nanshan care home", by=alice, at=at
    )
    ruling = rule_on_source(
        case=case, source=None, decision="outside", reason="came by train", by=alice, at=at
    )
    contact = name_contact(person=someone(), case=case, last_contact_on=local_day(at), by=alice, at=at)
    stay = place_contact(contact=contact, by=alice, at=at)
    made |= {"stay": stay.pk, "exposure": contact.exposures.get().pk}
    reading = cases.record_screening(
        person=someone(), place=world.places[COUNTY], read_at=at, temperature=38.4, by=alice, at=at
    )
    made |= {"number": case.number, "sign": sign.pk, "sample": sample.number, "contact": contact.pk}
    made |= {"screening": reading.pk, "person": case.person.uid, "person_id": str(someone().uid)}
    made |= _intake(world, at) | {"ruling": ruling.pk}
    first, second = sorted((someone(), someone()), key=lambda person: person.pk)
    pair = MatchReview.objects.create(
        first=first, second=second, path=first.path, place=first.place, score=0.6, evidence=[], found_at=at
    )
    merge = merge_people(kept=someone(), merged=someone(), reason="one card", by=alice, at=at)
    emergency = BreakGlass.objects.create(
        user=world.users["stranger"], place=world.places[COUNTY], path=world.places[COUNTY].path,
        reason="nobody answers the telephone", from_at=at, until_at=at + timedelta(hours=3),
    )  # fmt: skip
    site = open_site(name="东山宾馆", place=world.places[COUNTY], by=alice, at=at)
    made |= {"site": site.pk, "unit": "420106-depot", "login": "gao"}
    key = issue_token(user=world.users["alice"], name="a machine", by=world.actor("jia", at), at=at)
    made |= {"token": key.token.pk}
    made |= {"pair": pair.pk, "merge": merge.pk, "emergency": emergency.pk}
    made |= _beds(world, case, at) | _loop(world, at) | command_things(world, at) | _visits(world, case, at)
    made |= resumption_things(world, at) | bulletin_things(world, at)
    _known(world, at)
    return made


def _beds(world: World, case: Any, at: datetime) -> dict[str, Any]:
    desk = Actor.system("bed desk")
    ward = care.set_up_ward(
        unit=world.units["420106-hosp"], name="one", level=1, rooms_shared=False, by=desk, at=at
    )
    care.change_beds(ward=ward, n=4, from_at=at, by=desk, at=at)
    bed = ward.beds.first()
    care.take_out_of_use(bed=bed, why="cleaning", from_at=at, by=desk, at=at)
    treatment = care.start_treatment(case=case, what="oxygen", from_at=at, by=desk, at=at)
    request = care.request_bed(case=case, level=1, by=desk, at=at)
    proposal = propose_beds(place=world.places[COUNTY], by=desk, at=at)
    line = proposal.lines.get(request=request)
    made = {"ward": ward.pk, "bed": bed.pk, "proposal": proposal.pk, "request": request.pk}
    empty = care.set_up_ward(
        unit=world.units["420106-hosp"], name="empty", level=0, rooms_shared=False, by=desk, at=at
    )
    made |= {"line": line.pk, "treatment": treatment.pk, "empty_ward": empty.pk}
    _, free, taken, kept = ward.beds.order_by("pk")
    inpatient = cases.open_case(
        person=a_person(world, COUNTY, at=at), disease=DISEASE, place=world.places[COUNTY],
        diagnosis="confirmed", by=desk, at=at,
    )  # fmt: skip
    care.lay_down(case=inpatient, bed=taken, lies_from=at, by=desk, at=at)
    going = cases.open_case(
        person=a_person(world, COUNTY, at=at), disease=DISEASE, place=world.places[COUNTY],
        diagnosis="confirmed", by=desk, at=at,
    )  # fmt: skip
    given = care.request_bed(case=going, level=1, by=desk, at=at)
    care.give_bed(request=given, ward=ward, bed=kept, by=desk, at=at)
    made["given"] = given.pk
    return (
        made | _teams(world, at) | {"free_bed": free.pk, "inpatient": inpatient.number, "now": at.isoformat()}
    )


def _visits(world: World, case: Any, at: datetime) -> dict[str, Any]:
    search = Search.objects.create(
        case=case, place=case.place, path=case.path, purpose="who sat at the table", asked_by=world.users["alice"],
        searched_at=at, opens_at=at, closes_at=at, anchor_on=local_day(at), rule_edition="v@1", drop_at=at + timedelta(days=9),
    )  # fmt: skip
    finding = Finding.objects.create(
        kind="discovery.shared_places", subject="cases.Case", subject_id=case.pk, key="1", place=case.place,
        path=case.path, evidence={}, found_at=at, due_at=at + timedelta(hours=2),
    )  # fmt: skip
    found = Found.objects.create(
        search=search, person=a_person(world, COUNTY, at=at), finding=finding, n_stays=1, seconds=900, first_at=at,
        last_at=at, score=0.5,
        stays=[{"venue": "tea house", "kind": "meal", "start": int(at.timestamp()), "seconds": 900, "present": 3}],
    )  # fmt: skip
    return {"search": search.pk, "found": found.pk}


def _known(world: World, at: datetime) -> None:
    study, _ = Study.objects.get_or_create(
        method="treatments", disease=DISEASE, place=world.places["CN"], path="CN."
    )
    effect = asdict(treatment_effect([1.0], [False], [0.5]))
    keep_run(
        study, at=at, status="done", inputs={}, digest="1", method="test",
        result={"treatments": {"oxygen": effect}},
    )  # fmt: skip


def _teams(world: World, at: datetime) -> dict[str, Any]:
    by, units = Actor.system("team desk"), world.units
    team = teams.form_team(home=units["420106-hosp"], name="one", by=by, at=at)
    worker = teams.add_worker(
        team=team, person=a_person(world, COUNTY, at=at), code="W-1", skill="nurse", by=by, at=at
    )
    deployment = teams.deploy_team(team=team, unit=units["420106-hosp"], from_at=at, by=by, at=at)
    roster = propose_shifts(team=team, from_on=local_day(at) + timedelta(days=20), days=2, by=by, at=at)
    asked = teams.ask_advice(
        form="remote",
        from_unit=units["420106-hosp"],
        to_unit=units["420106-cdc"],
        question="ECMO?",
        by=by,
        at=at,
    )
    spare = teams.form_team(home=units["420106-hosp"], name="two", by=by, at=at)
    made = {"team": team.pk, "spare_team": spare.pk, "hospital": units["420106-hosp"].pk}
    rested = teams.record_day_off(worker=worker, on=local_day(at) - timedelta(days=1), by=by, at=at)
    exposed = teams.report_exposure(worker=worker, hazard="needle", happened_at=at, by=by, at=at)
    teams.assess_exposure(exposure=exposed, is_infected=True, measures="isolated", by=by, at=at)
    made |= {"day_off": rested.pk, "worker_exposure": exposed.pk, "deployment": deployment.pk}
    made |= {"allowance": _paid(worker, at).pk, "unpaid_on": (local_day(at) - timedelta(days=4)).isoformat()}
    return made | {"roster": roster.pk, "consultation": asked.pk}


def _paid(worker: Any, at: datetime) -> Any:
    on = local_day(at) - timedelta(days=3)
    for back in (3, 4):
        Shift.objects.create(
            worker=worker, unit=worker.team.home, on=local_day(at) - timedelta(days=back), path=worker.path,
            source_path=worker.source_path, occurred_at=at - timedelta(days=back),
            until_at=at - timedelta(days=back, hours=-8), recorded_at=at,
        )  # fmt: skip
    who = {"by": Actor.system("team desk"), "at": at}
    return teams.pay_allowance(worker=worker, from_on=on, until_on=on, amount=300, reason="as agreed", **who)


def _intake(world: World, at: datetime) -> dict[str, Any]:
    alice = world.actor("alice", at)
    source = Source.objects.create(code="file", name="File", unit=world.units["420106-cdc"])
    batch = receive_file(content=ROWS, name="rows.csv", source=source, by=alice, at=at).batch
    plan = propose_mapping(batch=batch, by=alice, at=at)
    confirm_mapping(
        batch=batch, columns=plan.columns, options=plan.options, target=plan.target, by=alice, at=at
    )
    laboratory = Source.objects.create(code="lab", name="Lab", unit=world.units["420106-lab"])
    lost = {"case_number": "X-1", "test": "rt_pcr", "finding": "positive", "resulted_at": "2020-02-11"}
    signal, _outcome = receive_message(
        source=laboratory, target="lab_result", message=lost, by=world.actor("emil", at), at=at
    )
    assert signal.__class__.objects.get(pk=signal.pk).status == "parked"
    return {"batch": batch.pk, "signal": signal.pk}


def _loop(world: World, at: datetime) -> dict[str, Any]:
    sweep(at=at)
    task = Task.objects.get(duty="cases.report_event")
    finding = Finding.objects.filter(path=world.places[COUNTY].path).earliest("pk")
    done = Task.objects.filter(path=world.places[COUNTY].path, status="done").first()
    assert done is not None
    check = Verification.objects.create(
        task=done, kind="second_unit", unit=world.units["4201-cdc"], path=done.path, met_at=done.met_at,
        drawn_at=at, due_at=at + timedelta(days=1),
    )  # fmt: skip
    policy = SheddingPolicy.objects.create(
        duty="contacts.observe", place=world.places[COUNTY], path=world.places[COUNTY].path, mode="sampled",
        keep=50, from_at=at, until_at=at + timedelta(days=2), reason="hands are short",
    )  # fmt: skip
    focus = Focus.objects.get(special="care_home")
    made = {"focus": focus.pk, "task": task.pk, "finding": finding.pk, "check": check.pk, "policy": policy.pk}
    made |= {"indicator": "confirmed"}
    compute(DISEASE, at=at + timedelta(days=1))
    return made | {"rule": "clock.investigation", "coverage": "cases.tested"}


ROUTES: dict[str, Route] = {
    **REST_ROUTES,
    **COMMAND_ROUTES,
    "GET ": Route(is_about=False),
    "GET record": listing(),
    "GET cases": listing(),
    "GET cases/<str:number>": about("number"),
    "POST cases/<str:number>/<str:act>": Route(
        {"number": "number", "act": "=outcome"},
        {"outcome-kind": "recovered", "outcome-on": "2020-02-25"},
        frozenset({P.CASE_EDIT}),
    ),
    "POST cases/<str:number>/facts/<str:kind>/<int:pk>/withdraw": Route(
        {"number": "number", "kind": "=sign", "pk": "sign"}, {"reason": "wrong"}, frozenset({P.CASE_VIEW})
    ),
    "GET areas": listing(),
    "GET areas/map.json": listing(),
    "GET areas/figures/<str:code>": Route({"code": "indicator"}, is_about=False),
    "GET areas/methods": listing(),
    "GET areas/grades": listing(),
    "POST areas/grades": listing(reason="as the figures say"),
    "GET areas/outlines": listing(),
    "POST areas/outlines": listing(source="a survey", file=json.dumps(OUTLINE).encode()),
    "GET beds": listing(),
    "POST beds": listing(unit="@hospital", name="five", kind="hospital", level=1, n=4),
    "POST beds/propose": listing(),
    "GET wards/<int:pk>": about("pk=ward"),
    "POST wards/<int:pk>/<str:act>": Route({"pk": "ward", "act": "=clean"}, {"bed": "@bed"}),
    "GET proposals/<int:pk>": about("pk=proposal"),
    "POST proposals/<int:pk>": about("pk=proposal"),
    "GET proposals/<int:pk>/lines/<int:line>": Route({"pk": "proposal", "line": "line"}),
    "POST proposals/<int:pk>/lines/<int:line>": Route({"pk": "proposal", "line": "line"}, {"act": "refuse", "no-reason": "stays at home"}),
    "GET cases/<str:number>/care": about("number"),
    "POST cases/<str:number>/care/<str:act>": Route(
        {"number": "number", "act": "=request"}, {"level": 1}, frozenset({P.CARE_EDIT})
    ),
    "POST cases/<str:number>/care/entries/<str:kind>/<int:pk>/withdraw": Route(
        {"number": "number", "kind": "=treatment", "pk": "treatment"}, {"reason": "another patient"}, frozenset({P.CARE_VIEW})
    ),
    "GET treatments": listing(),
    "GET treatments/<str:disease>/<path:what>": Route({"disease": "=covid_19_cn_2020", "what": "=oxygen"}, is_about=False),
    "GET teams": listing(),
    "POST teams": listing(home="@hospital", name="three"),
    "GET teams/<int:pk>": about("pk=team"),
    "POST teams/<int:pk>/<str:act>": Route({"pk": "team", "act": "=roster"}, {"days": 3}, frozenset({P.TEAM_EDIT})),
    "GET pairings": listing(),
    "POST pairings": listing(from_on="2020-02-10", pairs="42 → 420106"),
    "POST rosters/<int:pk>": about("pk=roster", act="refuse", reason="two are ill"),
    "GET consultations": listing(),
    "POST consultations": listing(form="remote", to_unit="@hospital", question="ECMO?"),
    "POST consultations/<int:pk>/<str:act>": Route(
        {"pk": "consultation", "act": "=answer"}, {"answer": "prone first"}, frozenset({P.CARE_VIEW})
    ),
    "GET chains": listing(),
    "GET chains/<str:number>": about("number"),
    "POST chains/<str:number>": about("number", P.CASE_VIEW, decision="outside", reason="came by train"),
    "POST chains/<str:number>/decisions/<int:pk>": Route({"number": "number", "pk": "ruling"}, {"reason": "wrong"}, frozenset({P.CASE_VIEW})),
    "GET clusters": listing(),
    "GET clusters/<int:pk>": about("pk=focus"),
    "POST clusters/<int:pk>": about("pk=focus", P.CASE_VIEW, looked_at="2020-02-12T10:00", measures="closed the ward"),
    "GET figures/denominators": listing(),
    "GET figures/tracing-cost": listing(),
    "GET contacts": listing(),
    "GET contacts/<int:pk>": about("pk=contact"),
    "POST contacts/<int:pk>": about("pk=contact", P.CONTACT_VIEW, seen="seen_ok", seen_at="2020-02-12T10:00", signs=""),
    "POST contacts/<int:pk>/notify": about("pk=contact", P.CONTACT_VIEW),
    "POST contacts/<int:pk>/acts/<str:act>": Route(
        {"pk": "contact", "act": "=expose"},
        {"expose-to_on": "2020-02-12", "expose-protection": "none"},
        frozenset({P.CONTACT_EDIT}),
    ),
    "POST contacts/<int:pk>/self-link": about("pk=contact"),
    "POST contacts/<int:pk>/entries/<str:kind>/<int:entry>/withdraw": Route(
        {"pk": "contact", "kind": "=meeting", "entry": "exposure"}, {"reason": "another person"}, frozenset({P.CONTACT_VIEW})
    ),
    "GET cases/<str:number>/contacts/interview": about("number"),
    "POST cases/<str:number>/contacts/interview": about("number", text="李娜 13800138000"),
    "GET round": listing(),
    "POST round/<int:pk>": about("pk=contact", seen="seen_ok", key="k1"),
    "GET isolation": listing(),
    "POST isolation": listing(name="东山宾馆二部", kind="hotel"),
    "GET isolation/<int:pk>": about("pk=site"),
    "POST isolation/<int:pk>": about("pk=site", room="101", n=1, act="add"),
    "POST contacts/<int:pk>/close": about("pk=contact", P.CONTACT_VIEW, status="lost", reason="moved away"),
    "POST line-list/acts": listing(**{"act": "outcome", "scope": "all", "outcome-kind": "recovered", "outcome-on": "2020-02-25"}),
    "POST line-list/export": listing(scope="all", purpose="a copy for the archive"),
    "POST views": listing(page="cases", name="mine", query="classification=confirmed"),
    "GET discovery/<str:number>": about("number", P.CASE_VIEW),
    "POST discovery/<str:number>": about("number", P.CASE_VIEW, purpose="who sat at the table"),
    "POST discovery/<str:number>/judgements": about(
        "number", P.VISITS_SEARCH, P.CASE_VIEW, found="1", decision="confirmed", reason="one table"
    ),
    "GET /cases/{number}/visit-searches": about("number", P.CASE_VIEW),
    "POST /cases/{number}/visit-searches": about("number", P.CASE_VIEW, purpose="who sat at the table"),
    "GET /visit-searches/{pk}/found": about("pk=search"),
    "POST /visit-searches/found/{pk}/judgement": about("pk=found", P.VISITS_SEARCH, decision="dismissed", reason="served behind glass"),
    "GET exports": listing(),
    "POST exports": listing(target="case", shape="sormas", purpose="a copy for the archive"),
    "GET imports": listing(),
    "POST imports": listing(source="file", target="case", file=ROWS + b"L-2,M,40,2020-02-08,2020-02-10,covid_19\n"),
    "GET imports/<int:pk>/mapping": about("pk=batch"),
    "POST imports/<int:pk>/mapping": about("pk=batch"),
    "GET imports/<int:pk>/trial": about("pk=batch"),
    "POST imports/<int:pk>/acceptance": about("pk=batch"),
    "GET imports/<int:pk>": about("pk=batch"),
    "GET imports/<int:pk>/errors.csv": about("pk=batch", P.IDENTITY_REVEAL),
    "POST imports/<int:pk>/undoing": about("pk=batch", reason="the wrong file"),
    "GET parked": listing(),
    "GET parked/<int:pk>": about("pk=signal"),
    "POST parked/<int:pk>/opening": about("pk=signal", P.SIGNAL_VIEW, purpose="to correct it"),
    "POST parked/<int:pk>": about("pk=signal", P.SIGNAL_VIEW),
    "POST parked/<int:pk>/setting-aside": about("pk=signal", P.SIGNAL_VIEW, reason="a test message"),
    "GET signals": listing(),
    "GET signals/<int:pk>": about("pk=signal"),
    "GET figures": listing(),
    "GET figures/tasks": listing(),
    "GET figures/gaps/<str:code>": Route({"code": "coverage"}, is_about=False),
    "GET replay": listing(),
    "GET findings": listing(),
    "GET findings/<int:pk>": about("pk=finding"),
    "POST findings/<int:pk>": about("pk=finding", decision="confirmed", reason="seen"),
    "GET verifications": listing(),
    "POST verifications": listing(verification="@check", accepted="1", reason="seen"),
    "GET escalations": listing(),
    "GET messages": listing(),
    "POST messages": listing(),
    "GET policies": listing(),
    "POST policies": listing(duty="contacts.observe", mode="sampled", keep=50, until_at="2099-01-01T00:00", reason="few"),
    "POST policies/<int:pk>/end": about("pk=policy", reason="hands are back"),
    "GET people": listing(),
    "POST people": listing(kind="name", text="王晓明", purpose="a call"),
    "GET people/<uuid:uid>": about("uid=person"),
    "POST people/<uuid:uid>": about("uid=person", P.PERSON_VIEW, kind="name", purpose="a call"),
    "POST people/pairs/<int:pk>": about("pk=pair", decision="distinct", reason="two cards"),
    "POST people/merges/<int:pk>/undo": about("pk=merge", P.PERSON_VIEW, reason="two cards"),
    "GET report-a-case": listing(),
    "POST report-a-case": listing(name="王五", sex="male", home="420106001", disease=DISEASE, diagnosis="suspected"),
    "GET units": listing(),
    "POST units": listing(code="new-unit", name="New", kind="checkpoint", place=COUNTY),
    "GET units/<str:code>": about("code=unit"),
    "POST units/<str:code>/<str:act>": Route({"code": "unit", "act": "=change"}, {"name": "Depot", "kind": "depot"}),
    "GET users": listing(),
    "POST users": listing(login="newcomer", name="New", unit="420106-depot", password="a-long-pass-phrase"),
    "GET users/<str:login>": about("login"),
    "POST users/<str:login>/<str:act>": Route({"login": "login", "act": "=role"}, {"role": "auditor", "place": COUNTY}),
    "GET emergency": listing(),
    "POST emergency": listing(place="420205", reason="nobody there answers"),
    "GET emergencies": listing(),
    "POST emergencies/<int:pk>": about("pk=emergency", justified="1", review="it was needed at once"),
    "GET rules": listing(),
    "GET rules/<path:rule_id>": Route({"rule_id": "rule"}, is_about=False),
    "GET screenings/<int:pk>": about("pk=screening"),
    "POST screenings/<int:pk>": about("pk=screening", P.TASK_VIEW, conclusion="well"),
    "GET tasks": listing(),
    "GET tasks/<int:pk>": about("pk=task"),
    "POST tasks/<int:pk>": about("pk=task", P.TASK_VIEW, note="filed"),
}  # fmt: skip


def address(route: str, names: Mapping[str, str], made: Mapping[str, Any]) -> str:
    """Return the route with its parameters filled in; `=word` is the word itself."""
    text = route
    for name, thing in names.items():
        value = thing[1:] if thing.startswith("=") else made[thing]
        for kind in ("str:", "int:", "uuid:", "path:"):
            text = text.replace(f"<{kind}{name}>", str(value))
        text = (
            text.replace(f"{{{name}}}", str(value))
            .replace(f"{{uuid:{name}}}", str(value))
            .replace(f"{{path:{name}}}", str(value))
        )
    return text


def sent(send: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent, fresh for each request."""
    filled = {
        name: made.get(value, value)
        if name == "person"
        else made[value[1:]]
        if isinstance(value, str) and value.startswith("@")
        else value
        for name, value in send.items()
    }
    return {
        name: SimpleUploadedFile("rows.csv", value) if isinstance(value, bytes) else value
        for name, value in filled.items()
    }
