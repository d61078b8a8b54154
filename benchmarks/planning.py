"""A proposal for everybody who waits: made, planned anew with nothing and with a few things changed, and its page.

A province with 500 hospitals and up to 5,000 people who wait, more than there are free beds. The lower bound, in the
same run, is the optimiser alone on the arrays that the proposal was made from.
"""

from datetime import timedelta

import numpy as np

from measuring import Table, analyze, clock, fresh_database, load, set_up_django

set_up_django()

from django.db import connection  # noqa: E402 - Django must be set up first
from django.test import Client  # noqa: E402

from ground import AT, Ground, lay_ground, load_people  # noqa: E402
from lianfang.care.models import Bed, BedRequest, Ward  # noqa: E402
from lianfang.cases.models import Case  # noqa: E402
from lianfang.core.access.models import Grant  # noqa: E402
from lianfang.core.access.permissions import Role  # noqa: E402
from lianfang.core.access.selectors import actor_for  # noqa: E402
from lianfang.core.registry.models import Unit  # noqa: E402
from lianfang.optimise import PlacementRules, assign_beds  # noqa: E402
from lianfang.planning.beds import plan_beds  # noqa: E402
from lianfang.planning.replan import plan_anew  # noqa: E402
from lianfang.planning.services import propose_beds  # noqa: E402

SIZES, BEDS_A_PERSON = ((500, 50), (5_000, 500)), 0.9


def measure(quick: bool) -> None:
    table = Table(
        f"{connection.vendor}: bed proposals", "waiting x hospitals", "what", "lines written", "s", "CPU s", "CPU to the optimiser alone"
    )  # fmt: skip
    for n, hospitals in SIZES[:1] if quick else SIZES:
        with fresh_database():
            ground = lay_ground()
            fill(ground, n, hospitals)
            measure_size(f"{n:,} x {hospitals}", ground, table)


def fill(ground: Ground, n: int, hospitals: int) -> None:
    """Write hospitals with four wards of one level each, and `n` patients who wait at home for a day on average."""
    homes = load_people(ground, n)
    draw = np.random.default_rng(5)
    noon = int(AT.timestamp())
    places = [(place.pk, place.path) for place in ground.townships]
    sites = draw.choice(len(places), hospitals, replace=False)
    top = ground.province.pk + 10_000
    load(
        Unit,
        ("id", "code", "name", "kind", "place_id", "path", "parent_id"),
        ((top + k, f"H{k:04}", f"hospital {k}", "hospital", *places[site], ground.province.pk) for k, site in enumerate(sites)),
    )  # fmt: skip
    load(
        Ward,
        ("id", "unit_id", "name", "kind", "level", "rooms_shared", "place_id", "path"),
        ((4 * k + level + 1, top + k, f"ward {level}", "hospital", level, False, *places[site]) for k, site in enumerate(sites) for level in range(4)),
    )  # fmt: skip
    share = np.array([0.40, 0.36, 0.18, 0.06])
    beds = draw.poisson(np.tile(share * n / hospitals * BEDS_A_PERSON, hospitals))
    load(
        Bed,
        ("ward_id", "label", "from_at"),
        ((ward + 1, str(k), noon - 86_400) for ward, free in enumerate(beds) for k in range(free)),
    )
    levels = draw.choice(4, n, p=[0.40, 0.40, 0.15, 0.05])
    waited = draw.integers(0, 2 * 86_400, n)
    day = str((AT - timedelta(days=3)).date())
    load(
        Case,
        ("id", "number", "person_id", "disease", "place_id", "path", "residence_path", "opened_at", "classification", "criterion", "edition",
         "classified_at", "onset_on", "reported_at", "diagnosed_at", "confirmed_at", "outcome"),
        ((k + 1, f"C{k:08}", k + 1, "covid_19_cn_2020", *places[homes[k]], places[homes[k]][1], noon, "confirmed", "", "", noon, day, noon, noon, noon, "")
         for k in range(n)),
    )  # fmt: skip
    load(
        BedRequest,
        ("id", "case_id", "direction", "level", "place_id", "path", "source_path", "asked_at", "note", "withdrawn_because"),
        ((k + 1, k + 1, "in", int(levels[k]), *places[homes[k]], places[homes[k]][1], noon - int(waited[k]), "", "") for k in range(n)),
    )  # fmt: skip
    analyze()


def measure_size(size: str, ground: Ground, table: Table) -> None:
    desk = ground.readers["province"]
    Grant.objects.create(user=desk, role=Role.BED_DESK, place=ground.province.place, path=ground.province.path, from_at=AT - timedelta(days=30))  # fmt: skip
    by = actor_for(desk, AT)
    plan_beds(ground.province.path, AT)  # libraries load
    _, _, plan = plan_beds(ground.province.path, AT)
    with clock() as bound:
        assign_beds(plan.waiting, plan.pools, plan.candidates.km, rules=PlacementRules())

    def said(what, taken, written):
        table.row(size, what, written, taken.wall, taken.cpu, taken.cpu / bound.cpu)

    said("the optimiser alone (bound)", bound, 0)
    with clock() as taken:
        proposal = propose_beds(place=ground.province.place, by=by, at=AT)
    said("proposed, with every reason", taken, proposal.lines.count())
    analyze()
    later = AT + timedelta(minutes=5)
    with clock() as taken:
        written = plan_anew(proposal, later)
    said("planned anew, nothing changed", taken, written)
    BedRequest.objects.filter(pk__in=range(1, 51)).update(withdrawn_at=later, withdrawn_because="moved")
    with clock() as taken:
        written = plan_anew(proposal, later)
    said("planned anew, 50 patients gone", taken, written)
    client = Client(HTTP_HOST="localhost")
    client.force_login(desk)
    with clock() as taken:
        answer = client.get(f"/proposals/{proposal.pk}")
    assert answer.status_code == 200, answer.status_code
    said("its page", taken, 0)
