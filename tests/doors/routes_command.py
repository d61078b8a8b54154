"""One of everything of measures and plans in Dongshan, and how their routes are called."""

from datetime import datetime
from typing import Any

from tests.doors.route import Route, about, listing
from tests.world import World

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.loop.models import Finding
from lianfang.loop.worker import sweep
from lianfang.measures import services as measures
from lianfang.measures.switching import FINDING as SWITCH
from lianfang.regions.models import Grade

P = Permission
COUNTY = "420106"
DISEASE = "covid_19_cn_2020"


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
    drill = measures.ask_drill(plan=draft, **who)
    asked = measures.ask_scenario(place=county, disease=DISEASE, choices={"investigation": 12}, **who)
    return {
        "measure": row.pk, "work": work.pk, "work_report": report.pk, "plan": ready.pk, "draft": draft.pk,
        "drill": drill.pk, "scenario": asked.pk, "activation": activation.pk, "switch": Finding.objects.get(kind=SWITCH).pk,
    }  # fmt: skip


COMMAND_ROUTES: dict[str, Route] = {
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
    "GET measures/work/<int:pk>": about("pk=work"),
    "POST measures/work/<int:pk>": about("pk=work", n_done=4),
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
