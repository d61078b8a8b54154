"""Pages of a reader who sees only an area: the case list, its next pages and filters, the start page, at 300,000 and 1,000,000 cases.

Requests go through Django's test client: routing, session, permissions, the real view, the real template. The lower
bound, in the same run, is fetching the same number of bare rows by one range of the index, without order, joins or
page. "ms" is the 95th percentile of the wall clock, "CPU ms" that of processors, the server of the database included.
"""

import re
from datetime import timedelta

import numpy as np

from measuring import Table, analyze, clock, fresh_database, load, page_cost, quantile, set_up_django

set_up_django()

from django.db import connection  # noqa: E402 - Django must be set up first
from django.test import Client  # noqa: E402

from ground import AT, Ground, lay_ground, load_people  # noqa: E402
from lianfang.cases.models import Case  # noqa: E402
from lianfang.loop.duty import duties  # noqa: E402
from lianfang.loop.reconcile import reconcile  # noqa: E402

SIZES, TURNS, PAGE = (10_000, 300_000, 1_000_000), 25, 51
CLASSES = np.array(["confirmed", "suspected", "asymptomatic", "excluded"])


def measure(quick: bool) -> None:
    table = Table(
        f"{connection.vendor}: pages at N cases, p95 of {TURNS} requests",
        "cases", "reader", "sees", "page", "ms", "CPU ms", "queries", "bare range CPU ms", "CPU to bound",
    )  # fmt: skip
    for size in SIZES[:1] if quick else SIZES:
        with fresh_database():
            ground = lay_ground()
            fill(ground, size)
            measure_size(size, ground, table)


def fill(ground: Ground, n: int) -> None:
    """Write `n` cases of as many people over 400 days; one in twelve lives elsewhere than it is answered for."""
    homes = load_people(ground, n)
    draw = np.random.default_rng(2)
    elsewhere = np.where(draw.random(n) < 1 / 12, ground.drawn(n, 3), homes)
    classes = CLASSES[draw.choice(4, n, p=[0.6, 0.2, 0.15, 0.05])]
    seconds = draw.integers(0, 400 * 86_400, n)
    looked = draw.random(n) < 0.97
    places = [(place.pk, place.path) for place in ground.townships]
    noon = int(AT.timestamp())

    def rows():
        for k in range(n):
            moment = noon - int(seconds[k])
            day = str((AT - timedelta(seconds=int(seconds[k]), days=3)).date())
            sure = classes[k] in {"confirmed", "asymptomatic"}
            yield (f"C{k:08}", k + 1, "covid_19", *places[elsewhere[k]], places[homes[k]][1], moment, str(classes[k]), "", "",
                   moment, day, moment, moment, moment if sure else None, moment + 3600 if sure and looked[k] else None, "")  # fmt: skip

    columns = ("number", "person_id", "disease", "place_id", "path", "residence_path", "opened_at", "classification", "criterion",
               "edition", "classified_at", "onset_on", "reported_at", "diagnosed_at", "confirmed_at", "investigated_at", "outcome")  # fmt: skip
    load(Case, columns, rows())
    analyze()
    with clock("the duty to investigate"):
        reconcile(duties.get("cases.investigate"), at=AT)
    analyze()


def measure_size(n: int, ground: Ground, table: Table) -> None:
    for name, user in ground.readers.items():
        client = Client(HTTP_HOST="localhost")
        client.force_login(user)
        paths = [grant.path for grant in user.grants.all()]
        bare = quantile([bare_range(path).cpu for _ in range(TURNS) for path in paths[:1]], 0.95)
        sees = sum(Case.objects.filter(path__within=path).count() for path in paths)
        for page, address in addresses(client).items():
            wall, cpu, queries = page_cost(client, address, TURNS)
            table.row(n, name, sees, page, 1000 * wall, 1000 * cpu, queries, 1000 * bare, cpu / bare)


def addresses(client: Client) -> dict[str, str]:
    """Return the pages of one reader; the later pages are reached as a reader does, by the link at the end."""
    link = re.search(r"after=([0-9.]+)", client.get("/cases").content.decode())
    found = {
        "cases, newest": "/cases",
        "cases, next page": f"/cases?after={link[1]}" if link else "",
        "cases, suspected": "/cases?classification=suspected",
        "cases, not investigated": "/cases?uninvestigated=1",
        "start page": "/",
    }
    return {page: address for page, address in found.items() if address}


def bare_range(path: str):
    with clock() as taken, connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, number, path, reported_at FROM cases_case WHERE path >= %s AND path < %s LIMIT {PAGE}",
            [path, f"{path[:-1]}/"],
        )
        cursor.fetchall()
    return taken
