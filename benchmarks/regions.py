"""The night's work on all areas and the board that is read in the morning: 100, 1,000 and 3,000 counties, 400 days each.

Counties publish cumulative counts every day (three of ten are quiet), and in a run of its own at the largest size have a
list of cases instead; provinces of 100 counties in 10 prefectures. A hospital of each county tells its beds every day of
the last 120. "facts" reads and sums what is on file, "indicators" is the expression in DuckDB with the writing of the mart,
"Rt and forecast", "nowcast", "warnings" and "grades" work on the panel and the flows; findings are not written. "growth" is the
cost a county to that at the smallest size. The lower
bound of a page, in the same run, is reading its columns from the mart and its places from the database.
"""

import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from measuring import Table, analyze, clock, fresh_database, load, page_cost, quantile, set_up_django

set_up_django()

from django.conf import settings  # noqa: E402 - Django must be set up first
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from lianfang.care.models import BedTally  # noqa: E402
from lianfang.cases.models import Case, StatusChange  # noqa: E402
from lianfang.common.clock import end_of, start_of  # noqa: E402
from lianfang.core.access.models import Grant, User  # noqa: E402
from lianfang.core.access.permissions import Role  # noqa: E402
from lianfang.core.registry.models import Level, Person, Place  # noqa: E402
from lianfang.regions import early_warning, grading, selectors  # noqa: E402
from lianfang.regions.bed_demand import compute_beds  # noqa: E402
from lianfang.regions.flows import flows_of  # noqa: E402
from lianfang.regions.mart import Mart  # noqa: E402
from lianfang.regions.models import Published  # noqa: E402
from lianfang.regions.night import COLUMNS, compute  # noqa: E402
from lianfang.regions.nowcasts import nowcasts_of  # noqa: E402
from lianfang.regions.outlooks import LEVELS, look_ahead, serial_interval  # noqa: E402

SIZES, DAYS, TURNS = (100, 1_000, 3_000), 400, 25
BED_DAYS, CASES = 120, 300_000
DISEASE = "covid_19_cn_2020"
FIRST = date(2020, 3, 1)
LAST = FIRST + timedelta(days=DAYS - 1)
AT = start_of(LAST + timedelta(days=1))


def measure(quick: bool) -> None:
    night = Table(
        f"{connection.vendor}: the night's work, N counties x {DAYS} days",
        "counties", "step", "CPU s", "wall s", "CPU ms a county", "growth",
    )  # fmt: skip
    pages = Table(
        f"{connection.vendor}: the board of areas, p95 of {TURNS} requests",
        "counties", "area", "below it", "ms", "CPU ms", "queries", "bound CPU ms", "CPU to bound",
    )  # fmt: skip
    nights = Table(
        f"{connection.vendor}: the mart in the next night, N counties x {DAYS + 1} days",
        "counties", "with new facts", "areas computed", "CPU s", "wall s", "all read anew, CPU s", "of it",
    )  # fmt: skip
    smallest: dict[str, float] = {}
    for size in SIZES[:1] if quick else SIZES:
        with fresh_database(), tempfile.TemporaryDirectory() as folder:
            settings.REGIONS_DIR = folder
            places = lay_out(size)
            fill(places)
            fill_beds(places["county"])
            _night(size, night, smallest)
            compute(DISEASE, at=AT)
            _pages(size, places, pages)
            _next_night(places["county"], nights)
    cases = Table(
        f"{connection.vendor}: the same with a list of cases, N cases in M counties",
        "cases", "counties", "step", "CPU s", "wall s",
    )  # fmt: skip
    counties, n = (100, 5_000) if quick else (SIZES[-1], CASES)
    with fresh_database(), tempfile.TemporaryDirectory() as folder:
        settings.REGIONS_DIR = folder
        places = lay_out(counties)
        fill_cases(places["county"], n)
        for step, (cpu, wall) in steps_of_a_night().items():
            cases.row(n, counties, step, cpu, wall)


def _next_night(counties: list[Place], table: Table) -> None:
    """One county in a hundred tells a day more: what the refresh costs, beside reading and computing all of it in the same run."""
    on, told = LAST + timedelta(days=1), counties[::100]
    moment = int(end_of(on).timestamp())
    rows = [(DISEASE, place.pk, place.path, str(on), 1_000, 900, 20, "benchmark", moment, moment, "") for place in told]  # fmt: skip
    columns = ("disease", "place_id", "path", "on", "confirmed", "cured", "died", "source", "occurred_at", "recorded_at", "withdrawn_because")  # fmt: skip
    load(Published, columns, rows)
    at = AT + timedelta(days=1)
    with clock() as taken:
        done = Mart(DISEASE).refresh(at=at)
    with tempfile.TemporaryDirectory() as folder, clock() as whole:
        Mart(DISEASE, Path(folder)).refresh(at=at)
    table.row(len(counties), len(told), len(done.areas), taken.cpu, taken.wall, whole.cpu, taken.cpu / whole.cpu)  # fmt: skip


def lay_out(n: int) -> dict[str, list[Place]]:
    """Write nation, provinces, prefectures and `n` counties; return them by level."""
    nation = Place.objects.create(code="CN", name="China", level=Level.NATION, path="CN.")
    provinces = _below([nation], -(-n // 100), Level.PROVINCE, "{:02}", start=11)
    prefectures = _below(provinces, 10, Level.PREFECTURE, "{:02}")
    counties = _below(prefectures, 10, Level.COUNTY, "{:02}")
    return {"nation": [nation], "province": provinces, "prefecture": prefectures, "county": counties[:n]}


def _below(above: list[Place], n: int, level: Level, form: str, start: int = 1) -> list[Place]:
    rows = []
    for parent in above:
        head = "" if parent.level == Level.NATION else parent.code
        for k in range(start, start + n):
            code = head + form.format(k)
            rows.append(
                Place(code=code, name=f"{level.label} {code}", level=level, parent=parent, path=f"{parent.path}{code}.", population=400_000)
            )  # fmt: skip
    Place.objects.bulk_create(rows, batch_size=500)
    return list(Place.objects.filter(level=level).order_by("path"))


def fill(places: dict[str, list[Place]]) -> None:
    """Write cumulative counts of every county and day: waves of their own, some counties without a case."""
    draw = np.random.default_rng(11)
    counties = places["county"]
    days = np.arange(DAYS)
    rows = []
    for place in counties:
        if draw.random() < 0.3:
            level = np.zeros(DAYS)
        else:
            peak, width, size = draw.integers(40, DAYS), draw.integers(10, 40), draw.lognormal(1.0, 1.0)
            level = size * np.exp(-(((days - peak) / width) ** 2)) + 0.01
        new = draw.poisson(level)
        total = np.cumsum(new)
        cured = np.concatenate([np.zeros(14, dtype=int), total[:-14]])
        died = total // 50
        for n in range(DAYS):
            on = FIRST + timedelta(days=n)
            moment = int(end_of(on).timestamp())
            rows.append((DISEASE, place.pk, place.path, str(on), int(total[n]), int(cured[n] - cured[n] // 50), int(died[n]), "benchmark", moment, moment, ""))  # fmt: skip
    columns = ("disease", "place_id", "path", "on", "confirmed", "cured", "died", "source", "occurred_at", "recorded_at", "withdrawn_because")  # fmt: skip
    load(Published, columns, rows)
    analyze()


def fill_beds(counties: list[Place]) -> None:
    """Write what a hospital of each county told of its beds each day: a slow wave, of a county's own size."""
    draw = np.random.default_rng(12)
    days = np.arange(BED_DAYS)
    size = draw.lognormal(3.0, 1.0, len(counties))
    wave = 1 + 0.5 * np.sin(days / 15 + draw.uniform(0, 6, len(counties))[:, None])
    counts = draw.poisson(size[:, None] * wave)

    def rows():
        for n, place in enumerate(counties):
            for day in days:
                moment = int((AT - timedelta(days=int(BED_DAYS - day), hours=-12)).timestamp())
                occupied = int(counts[n, day])
                yield place.pk, place.path, "hospital", 1, 2 * occupied + 20, occupied, "", moment, moment, ""

    columns = ("place_id", "path", "kind", "level", "usable", "occupied", "source", "occurred_at", "recorded_at", "withdrawn_because")  # fmt: skip
    load(BedTally, columns, rows())
    analyze()


def fill_cases(counties: list[Place], n: int) -> None:
    """Write `n` confirmed cases of as many people: of waves of the counties' own, with onset, and known some days later."""
    draw = np.random.default_rng(13)
    home = draw.choice(
        len(counties), n, p=(share := 1 / (1.0 + draw.permutation(len(counties)))) / share.sum()
    )
    peak = draw.integers(200, DAYS, len(counties))
    day = np.clip(draw.normal(peak[home], 25), 5, DAYS - 1).astype(int)
    delay = np.minimum(draw.gamma(2.0, 2.0, n).astype(int), day)
    seconds = [int(end_of(FIRST + timedelta(days=k)).timestamp()) - 40_000 for k in range(DAYS)]
    dates = [str(FIRST + timedelta(days=k)) for k in range(DAYS)]
    spot = [(counties[k].pk, counties[k].path) for k in home]
    people = ((k + 1, "male" if k % 2 else "female", 1930 + k % 90, "", *spot[k], seconds[day[k]], f"{k:032x}") for k in range(n))  # fmt: skip
    load(Person, ("id", "sex", "birth_year", "occupation", "place_id", "path", "recorded_at", "uid"), people)

    def cases():
        for k in range(n):
            moment = seconds[day[k]]
            yield (k + 1, f"C{k:08}", k + 1, DISEASE, *spot[k], spot[k][1], moment, "confirmed", "", "", moment,
                   dates[day[k] - delay[k]], moment, moment, moment, "")  # fmt: skip

    load(
        Case,
        ("id", "number", "person_id", "disease", "place_id", "path", "residence_path", "opened_at", "classification", "criterion",
         "edition", "classified_at", "onset_on", "reported_at", "diagnosed_at", "confirmed_at", "outcome"),
        cases(),
    )  # fmt: skip
    changes = ((k + 1, "", "confirmed", "", seconds[day[k]]) for k in range(n))
    load(StatusChange, ("case_id", "before", "after", "edition", "at"), changes)
    analyze()


def _night(n: int, table: Table, smallest: dict[str, float]) -> None:
    for name, (cpu, wall) in steps_of_a_night().items():
        growth = (cpu / n) / smallest.setdefault(name, cpu / n)
        table.row(n, name, cpu, wall, 1000 * cpu / n, growth)


def steps_of_a_night() -> dict[str, tuple[float, float]]:
    """Return what each step of the night costs: CPU s and wall s."""
    mart = Mart(DISEASE)
    parts = [place.path for place in Place.objects.filter(level=Level.PROVINCE)]
    taken = {}
    with clock("facts") as taken["facts"]:
        for part in parts:
            flows_of(DISEASE, part)
    with clock("refresh") as whole:
        mart.refresh(at=AT)
    with clock("places and panel") as taken["places and panel"]:
        places = grading.graded_places(DISEASE)
        panel = mart.read([place.path for place in places], COLUMNS)
    with clock("outlook") as taken["Rt and forecast"]:
        found = look_ahead(panel, serial_interval(DISEASE, panel.last))
    with clock("nowcast") as taken["nowcast"]:
        nowcasts_of(mart.flows_in(""), panel.areas, panel.last, LEVELS)
    with clock("warnings") as taken["warnings"]:
        rule = early_warning.warning_rule(panel.last)
        artefacts = early_warning.artefacts_of(panel)
        usable = early_warning.usable_of(panel, artefacts["total"])
        alarms = early_warning.alarms_of(panel, found.rising, usable, rule)
        early_warning.episodes(panel, alarms, rule.silence_days)
    with clock("grades") as taken["grades"]:
        grading.graded_on(panel, DISEASE)
    if BedTally.objects.exists():
        with clock("beds") as taken["beds"]:
            compute_beds(at=AT)
    steps = {name: (one.cpu, one.wall) for name, one in taken.items()}
    steps["indicators"] = (whole.cpu - steps["facts"][0], whole.wall - steps["facts"][1])
    steps["all of it"] = tuple(sum(one[k] for one in steps.values()) for k in (0, 1))
    return steps


def _pages(n: int, places: dict[str, list[Place]], table: Table) -> None:
    for level, rows in places.items():
        place = rows[len(rows) // 2]
        user = User(login=f"{level}-{n}", name="reader")
        user.set_unusable_password()
        user.save()
        Grant.objects.create(user=user, role=Role.SUPERVISOR, place=place, path=place.path, from_at=AT - timedelta(days=9))  # fmt: skip
        client = Client(HTTP_HOST="localhost")
        client.force_login(user)
        address = f"/areas?area={place.code}"
        below = [one.path for one in Place.objects.filter(parent=place)]
        wall, cpu, queries = page_cost(client, address, TURNS)
        bounds = []
        for _ in range(TURNS):
            with clock() as taken:
                list(Place.objects.filter(parent=place))
                selectors.panel_for(DISEASE, [place.path, *below], selectors.BOARD_COLUMNS)
            bounds.append(taken.cpu)
        bound = max(quantile(bounds, 0.95), 1e-4)
        table.row(n, level, len(below), 1000 * wall, 1000 * cpu, queries, 1000 * bound, cpu / bound)
