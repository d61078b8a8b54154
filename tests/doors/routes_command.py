"""One of everything of measures, plans, resumption and travel in Dongshan, and how their routes are called."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.doors.route import Route, about, listing
from tests.world import World

from lianfang.bulletins import services as bulletins
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Place
from lianfang.loop.findings import Proposal, propose_findings
from lianfang.loop.models import Finding
from lianfang.loop.worker import sweep
from lianfang.measures import services as measures
from lianfang.measures.switching import FINDING as SWITCH
from lianfang.regions import grading
from lianfang.regions.mart import Mart
from lianfang.regions.models import Grade
from lianfang.resumption import services as resumption
from lianfang.resumption.models import Charter, Reopening

P = Permission
COUNTY = "420106"
DISEASE = "covid_19_cn_2020"
OUTLINE = {
    "type": "Feature",
    "properties": {"code": COUNTY},
    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
}


def command_things(world: World, at: datetime) -> dict[str, Any]:
    """A measure with work of the county, a draft, an approved and a running plan, a drill, and what a grade asks for."""
    who: dict[str, Any] = {"by": Actor.system("command"), "at": at}
    county = world.places[COUNTY]
    row = measures.begin_measure(
        place=county, disease=DISEASE, kind="remove_road_limits", reason="low", **who
    )
    work = row.works.get()
    report = measures.report_work(work=work, n_done=1, **who)
    plan: dict[str, Any] = {
        "place": county, "disease": DISEASE, "situation": "cases", "owner": world.units["420106-cdc"],
        "measures": ["essential_firms"],
    }  # fmt: skip
    draft = measures.write_plan(title="one", **plan, **who)
    ready = measures.approve_plan(plan=measures.write_plan(title="two", **plan, **who), **who)
    running = measures.approve_plan(plan=measures.write_plan(title="three", **plan, **who), **who)
    activation = measures.switch_on(plan=running, reason="drawn up for it", **who)
    Grade.objects.create(
        disease=DISEASE, place=county, path=county.path, level="medium", data_to=local_day(at), edition="1",
        reason="as the figures say", occurred_at=at, recorded_at=at,
    )  # fmt: skip
    sweep(at=at)
    told = {
        "disease": DISEASE,
        "level": "high",
        "in_force": "medium",
        "data_to": str(local_day(at)),
        "sentence": {"en": "much", "zh": "多"},
    }
    answer = {"place_id": county.pk, "path": county.path, "edition": "1", "due_at": at + timedelta(hours=4)}
    proposed = Proposal(subject_id=county.pk, key=f"{DISEASE}:high", evidence=told, **answer)
    propose_findings(grading.FINDING, Place, [proposed], by=who["by"], at=at)
    drill = measures.ask_drill(plan=draft, **who)
    asked = measures.ask_scenario(place=county, disease=DISEASE, choices={"investigation": 12}, **who)
    return {
        "grade": Finding.objects.get(kind=grading.FINDING, path=county.path).pk,
        "measure": row.pk, "work": work.pk, "work_report": report.pk, "plan": ready.pk, "draft": draft.pk,
        "drill": drill.pk, "scenario": asked.pk, "activation": activation.pk, "switch": Finding.objects.get(kind=SWITCH).pk,
    }  # fmt: skip


def resumption_things(world: World, at: datetime) -> dict[str, Any]:
    """A firm that waits for a permit and for help, two journeys of workers, a stranded person."""
    who: dict[str, Any] = {"by": Actor.system("command"), "at": at}
    county = world.places[COUNTY]
    told = {"trade": "industry", "n_workers": 4, "place": county}
    firm = resumption.enter_firm(name="one", **told, **who)
    second = resumption.enter_firm(name="two", **told, **who)
    waiting = resumption.declare_reopening(firm=firm, n_back=2, **who)
    Reopening.objects.filter(pk=waiting.pk).update(needs_permit=True, is_open=None)
    asked = resumption.ask_help(firm=firm, kind="workers", **who)
    made = []
    for name in ("赵磊", "钱芳"):
        charter = resumption.plan_charter(
            from_place=county, to_place=world.places["4201"], vehicle=name, seats=9,
            departs_at=at + timedelta(hours=5), arrives_at=at + timedelta(hours=9), **who,
        )  # fmt: skip
        rows = resumption.list_travellers(charter=charter, people=[PersonCandidate(name=name)], **who)
        resumption.check_traveller(traveller=rows[0], temperature=Decimal("36.5"), **who)
        made += [charter.pk, rows[0].pk]
    gone = Charter.objects.get(pk=made[2])
    Charter.objects.filter(pk=gone.pk).update(path=county.path, to_place=county)
    resumption.depart(charter=gone, **who)
    comes = resumption.announce_arrival(
        who=PersonCandidate(name="吴敏"), from_place=world.places["420205"], to_place=county,
        expected_at=at + timedelta(hours=3), **who,
    )  # fmt: skip
    lost = resumption.report_stranded(who=PersonCandidate(name="孙强"), place=county, need="a bed", **who)
    return {
        "firm": firm.pk, "second_firm": second.pk, "reopening": waiting.pk, "help": asked.pk, "charter": made[0],
        "traveller": made[1], "gone": gone.pk, "stranded": lost.pk, "arrival": comes.pk,
    }  # fmt: skip


def bulletin_things(world: World, at: datetime) -> dict[str, Any]:
    """A bulletin that was issued, and the draft of its correction; the night's figures are there."""
    who: dict[str, Any] = {"by": Actor.system("command"), "at": at + timedelta(days=1)}
    row = bulletins.draft_bulletin(disease=DISEASE, place=world.places[COUNTY], on=local_day(at), **who)
    bulletins.issue_bulletin(bulletin=row, **who)
    row.refresh_from_db()
    draft = bulletins.draft_correction(bulletin=row, remark="one case was counted twice", **who)
    Mart(DISEASE).refresh(at=at + timedelta(days=2))
    day = (local_day(at) + timedelta(days=1)).isoformat()
    return {"bulletin": row.pk, "bulletin_draft": draft.pk, "language": "en", "next_day": day}


_WHEN = {"departs_at": "2099-01-01T08:00:00+08:00", "arrives_at": "2099-01-01T18:00:00+08:00"}
COMMAND_ROUTES: dict[str, Route] = {
    "GET resumption": listing(),
    "POST resumption": listing(name="three", trade="food", n_workers=3),
    "GET resumption/firms/<int:pk>": about("pk=firm"),
    "POST resumption/firms/<int:pk>": about("pk=second_firm", act="declare", n_back=2),
    "POST resumption/permits/<int:pk>": about("pk=reopening", act="open", reason="masks"),
    "POST resumption/help/<int:pk>": about("pk=help", reason="a bus"),
    "POST resumption/stranded": listing(**{"stranded-name": "李四", "stranded-need": "a bed"}),
    "POST resumption/stranded/<int:pk>": about("pk=stranded", reason="guest house"),
    "GET charters": listing(),
    "POST charters": listing(
        to_place="420107",
        vehicle="A-2",
        seats=4,
        departs_at="2099-01-01T08:00",
        arrives_at="2099-01-01T18:00",
    ),
    "GET charters/<int:pk>": about("pk=charter"),
    "POST charters/<int:pk>": about("pk=charter", act="list", text="李四"),
    "POST charters/travellers/<int:pk>": about("pk=traveller", temperature="36.6"),
    "GET /areas/{code}/figures": Route({"code": "=420106"}),
    "GET /areas/{code}/grades": Route({"code": "=420106"}),
    "GET /areas/{code}/methods": Route({"code": "=420106"}),
    "GET /areas/{code}/outlook": Route({"code": "=420106"}),
    "GET /areas/{code}/outlines": Route({"code": "=420106"}),
    "POST /outlines": listing(source="a survey", collection=OUTLINE),
    "GET /grade-proposals": listing(),
    "POST /grade-proposals/{pk}/decision": about("pk=grade", level="medium", reason="as the figures say"),
    "POST charters/arrivals": listing(
        **{"arrival-name": "郑明", "arrival-from_place": "420107", "arrival-expected_at": "2099-01-01T08:00"}
    ),
    "POST charters/arrivals/<int:pk>": about("pk=arrival", act="met", temperature="36.5"),
    "POST /firms/{pk}/closing": about("pk=firm", reason="no orders"),
    "POST /charters/{pk}/call-off": about("pk=charter", reason="the road is closed"),
    "GET /arrivals": listing(),
    "POST /arrivals": Route(
        {}, {"from_place": "420107", "to_place": COUNTY, "name": "郑明", "expected_at": _WHEN["arrives_at"]}
    ),
    "POST /arrivals/{pk}/meeting": about("pk=arrival", came=True),
    "GET /firms": listing(),
    "POST /firms": Route({}, {"place": COUNTY, "name": "four", "trade": "food", "n_workers": 3}),
    "POST /firms/{pk}/reopenings": about("pk=second_firm", n_back=2),
    "POST /reopenings/{pk}/decision": about("pk=reopening", is_open=True, reason="masks"),
    "POST /firms/{pk}/help-requests": about("pk=firm", kind="workers"),
    "POST /help-requests/{pk}/answer": about("pk=help", answer="a bus"),
    "GET /charters": listing(),
    "POST /charters": Route(
        {}, {"from_place": COUNTY, "to_place": "420107", "vehicle": "A-3", "seats": 4, **_WHEN}
    ),
    "POST /charters/{pk}/travellers": about("pk=charter", people=[{"name": "李四"}]),
    "POST /travellers/{pk}/check": about("pk=traveller", temperature=36.6),
    "POST /charters/{pk}/departure": about("pk=charter"),
    "POST /charters/{pk}/receipt": about("pk=gone", n_received=1),
    "GET /stranded": listing(),
    "POST /stranded": Route({}, {"place": COUNTY, "name": "李四", "need": "a bed"}),
    "POST /stranded/{pk}/settling": about("pk=stranded", how="guest house"),
    "GET bulletins": listing(),
    "POST bulletins": listing(disease=DISEASE, on="@next_day"),
    "GET bulletins/<int:pk>": about("pk=bulletin"),
    "POST bulletins/<int:pk>/issue": about("pk=bulletin_draft"),
    "POST bulletins/<int:pk>/correction": about("pk=bulletin", remark="again"),
    "GET bulletins/<int:pk>/<str:language>.pdf": Route({"pk": "bulletin", "language": "language"}),
    "GET /bulletins": listing(),
    "POST /bulletins": Route({}, {"place": COUNTY, "disease": DISEASE, "on": "@next_day"}),
    "GET /bulletins/{pk}": about("pk=bulletin"),
    "POST /bulletins/{pk}/issue": about("pk=bulletin_draft"),
    "POST /bulletins/{pk}/corrections": about("pk=bulletin", remark="again"),
    "GET /bulletins/{pk}/pdf": about("pk=bulletin"),
    "GET scenarios": listing(),
    "POST scenarios": listing(disease=DISEASE, investigation=12, ward=40),
    "GET scenarios/<int:pk>": about("pk=scenario"),
    "GET /scenarios": listing(),
    "POST /scenarios": Route({}, {"place": COUNTY, "disease": DISEASE, "investigation": 12}),
    "GET /scenarios/{pk}": about("pk=scenario"),
    "GET measures": listing(),
    "POST measures": listing(kind="gates", disease=DISEASE, reason="two clusters"),
    "POST measures/level": listing(
        **{"response-level": "IV", "response-disease": DISEASE, "response-reason": "a case"}
    ),
    "POST measures/proposals/<int:pk>": about(
        "pk=switch", P.FINDING_JUDGE, on=["lower_density"], reason="as the text says"
    ),
    "GET measures/<int:pk>": about("pk=measure"),
    "POST measures/<int:pk>/review": about("pk=measure", act="end", reason="over"),
    "GET measures/assignments/<int:pk>": about("pk=work"),
    "POST measures/assignments/<int:pk>": about("pk=work", n_done=4),
    "POST measures/reports/<int:pk>": about("pk=work_report", reason="another place"),
    "GET plans": listing(),
    "POST plans": listing(
        title="cluster", situation="two", disease=DISEASE, owner="@hospital", measures=["gates"]
    ),
    "GET plans/<int:pk>": about("pk=plan"),
    "POST plans/<int:pk>/steps": about(
        "pk=draft", text="open a site", level=3, capability="supervise", within_hours=4
    ),
    "POST plans/<int:pk>/stocks": about("pk=draft", item="masks", unit="@hospital", needed=10),
    "POST plans/<int:pk>/acts": about("pk=plan", act="confirm", reason="gone through"),
    "GET plans/<int:pk>/switch": about("pk=plan"),
    "POST plans/<int:pk>/switch": about("pk=plan", place=COUNTY, reason="three cases", sure="on"),
    "GET drills/<int:pk>": about("pk=drill"),
    "GET activations/<int:pk>": about("pk=activation"),
    "POST activations/<int:pk>": about("pk=activation", reason="over"),
    "GET /measures": listing(),
    "POST /measures": Route(
        {}, {"place": COUNTY, "disease": DISEASE, "kind": "gates", "reason": "two clusters"}
    ),
    "POST /measures/{pk}/reviews": about("pk=measure", decision="ended", reason="over"),
    "GET /measure-proposals": listing(),
    "POST /measure-proposals/{pk}/decision": about(
        "pk=switch", P.FINDING_JUDGE, on=["lower_density"], off=[], reason="text"
    ),
    "POST /measure-work/{pk}/reports": about("pk=work", n_done=4),
    "GET /response-levels": listing(),
    "POST /response-levels": Route(
        {}, {"place": COUNTY, "disease": DISEASE, "level": "IV", "reason": "a case"}
    ),
    "GET /plans": listing(),
    "POST /plans": Route(
        {}, {"place": COUNTY, "disease": DISEASE, "title": "t", "situation": "s", "owner": "420106-cdc"}
    ),
    "POST /plans/{pk}/steps": about(
        "pk=draft", text="open", level="county", capability="supervise", within_hours=4
    ),
    "POST /plans/{pk}/stocks": about("pk=draft", item="masks", unit="420106-depot", needed=10),
    "POST /plans/{pk}/acts": about("pk=plan", act="confirm"),
    "POST /plans/{pk}/drills": about("pk=plan"),
    "GET /drills/{pk}": about("pk=drill"),
    "POST /plans/{pk}/activations": about("pk=plan", reason="three cases"),
    "GET /activations": listing(),
    "POST /activations/{pk}/end": about("pk=activation", reason="over"),
}
