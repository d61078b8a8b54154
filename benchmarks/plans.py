"""A plan switched on for a prefecture and for a province of 100 counties: laid out, owed at units, drilled, switched off.

The plan has rounds and gates in each of 1,200 townships, a step there and one in each county. Beside each act stands the
least that it must do: writing as many rows of work as it laid out, and nothing else. A drill plays on a copy of
the file on SQLite, the making of which is in its time; nobody waits for it.
"""

from datetime import timedelta

from measuring import Table, analyze, clock, fresh_database, set_up_django

set_up_django()

from django.db import connection, transaction  # noqa: E402 - Django must be set up first
from django.db.models import Max  # noqa: E402

from ground import AT, lay_ground  # noqa: E402
from lianfang.common.bulk import insert_rows  # noqa: E402
from lianfang.core.access.actor import Actor  # noqa: E402
from lianfang.core.registry.models import Capability, Level, Place, Unit  # noqa: E402
from lianfang.loop.duty import duties  # noqa: E402
from lianfang.loop.models import Task  # noqa: E402
from lianfang.loop.reconcile import reconcile  # noqa: E402
from lianfang.measures import drilling, services  # noqa: E402
from lianfang.measures.apart import play  # noqa: E402
from lianfang.measures.duties import CODES  # noqa: E402
from lianfang.measures.models import Work  # noqa: E402

DISEASE = "covid_19_cn_2020"
BY = Actor.system("benchmark")


def a_plan(place):
    owner = Unit.objects.get(place=place)
    plan = services.write_plan(
        place=place, disease=DISEASE, title="plan", situation="cases", owner=owner,
        measures=["gates", "household_rounds", "place_inspections"], by=BY, at=AT,
    )  # fmt: skip
    for level, capability in ((Level.COUNTY, Capability.TRACE), (Level.TOWNSHIP, Capability.OBSERVE)):
        services.add_step(
            plan=plan, text="step", level=level, capability=capability, within_hours=24, by=BY, at=AT
        )
    return services.approve_plan(plan=plan, by=BY, at=AT)


def passes(works, at):
    ids = list(works.values_list("pk", flat=True))
    for code in CODES:
        reconcile(duties.get(code), at=at, subjects=ids)


def least(n):
    """Write as many rows of work, of one plain measure, and take them back."""
    with transaction.atomic():
        row = Work.objects.order_by("pk")[0]
        kept = {field.attname: getattr(row, field.attname) for field in Work._meta.concrete_fields}  # noqa: SLF001 - Django's documented Meta API
        rows = [Work(**{**kept, "id": None, "measure_id": None, "step_id": None}) for _ in range(n)]
        with clock() as taken:
            insert_rows(rows)
        transaction.set_rollback(True)
    return taken


def measure_place(table, code):
    place = Place.objects.get(code=code)
    plan = a_plan(place)
    before = Work.objects.aggregate(last=Max("pk"))["last"] or 0
    with clock() as on:
        activation = services.switch_on(plan=plan, reason="as drawn up", by=BY, at=AT)
    works = Work.objects.filter(pk__gt=before)
    n = works.count()
    bound = least(n)
    analyze()
    with clock() as owed:
        passes(works, AT)
    day = AT + timedelta(days=1)
    with clock() as next_day:
        passes(works, day)
    n_tasks = Task.objects.filter(duty__in=CODES, subject_id__gt=before).count()
    services.begin_measure(
        place=place, disease=DISEASE, kind="strict_control", reason="the gates twice", by=BY, at=day
    )
    with clock() as twice:
        passes(works, day)
    assert Task.objects.filter(duty__in=CODES, subject_id__gt=before).count() == n_tasks, "owed once"
    drill = services.ask_drill(plan=plan, by=BY, at=day)
    drill.plan = plan
    durations = {}
    with clock() as drilled, play():
        drilling._play(drill, durations, day)  # noqa: SLF001 - without the invented hands
    with clock() as off:
        services.switch_off(activation=activation, reason="over", by=BY, at=day)
        passes(works, day)
    for what, taken in (
        ("switched on (work laid out)", on), ("owed at units: first pass", owed), ("pass of the next day", next_day),
        ("pass, a second measure asks for the gates", twice), ("drill, others write beside it", drilled),
        ("switched off", off),
    ):  # fmt: skip
        table.row(code, n, n_tasks, what, taken.wall, taken.cpu, taken.cpu / bound.cpu)


def measure(quick: bool) -> None:
    table = Table(
        f"{connection.vendor}: a plan of three measures and two steps",
        "area", "pieces of work", "tasks on the next day", "what", "s", "CPU s", "CPU to writing the work alone",
    )  # fmt: skip
    with fresh_database():
        lay_ground()
        for code in ("4203",) if quick else ("4203", "42"):
            measure_place(table, code)
