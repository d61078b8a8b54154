"""MERS in Korea 2015, Singapore 2020 and the Chinese pairs, through the intake into the database and out as chains."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.apps.intake.importing import Desk, desk_of, grant_everywhere, load_places
from tests.apps.outlook.outbreaks import (
    SHOWN,
    iso,
    library_ranks,
    numbers,
    ranks,
    read,
    run_of,
    take_cases,
    take_links,
    tops,
)
from tests.world import World, build_world

from lianfang.analytics.chains import Exposure, infer_chains
from lianfang.cases.models import Case
from lianfang.core.registry.models import Place
from lianfang.core.registry.services.households import create_household
from lianfang.loop.models import Finding
from lianfang.loop.worker import sweep, turn
from lianfang.outlook.chains import SEED, natural_history
from lianfang.outlook.evidence import gather
from lianfang.outlook.inference import exposure_of, interval_of
from lianfang.outlook.models import Focus, Study

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LATER = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return build_world()


@pytest.fixture
def desk(world: World) -> Desk:
    grant_everywhere(world, "alice")
    desk = desk_of(world)
    desk.source.unit = world.units["cn-nha"]
    desk.source.save()
    desk.actor = world.actor("alice", LATER)
    return desk


def settle(at: datetime = LATER) -> None:
    turn(at=at)
    sweep(at=at)
    turn(at=at)


def mers_cases(folder: Path) -> list[dict[str, str]]:
    return [
        {
            "case_id": row["id"],
            "age": row["age"],
            "sex": row["sex"],
            "dt_onset": iso(row["dt_onset"]),
            "dt_report": iso(row["dt_report"]),
            "dt_start_exp": iso(row["dt_start_exp"]),
            "dt_end_exp": iso(row["dt_end_exp"]),
            "date_confirmation": iso(row["dt_diag"]),
            "classification": "confirmed",
            "hospital": row["loc_hosp"],
            "place_code": "420106",
        }
        for row in read(folder / "linelist.csv")
    ]


def test_mers_korea(desk: Desk, shared_data: Path) -> None:
    """162 cases, every fifth of 98 known links told: the others are found as often as by the library on the same evidence."""
    folder = shared_data / "chains_mers_korea_2015"
    rows = mers_cases(folder)
    assert take_cases(desk, rows, "mers", LATER) == 162
    ids = {row["case_id"] for row in rows}
    pairs = [
        (row["from"], row["to"])
        for row in read(folder / "contacts.csv")
        if row["to"] in ids and row["from"] in ids
    ]
    told = pairs[::5]
    take_links(desk, told, LATER)
    settle()
    run = run_of("mers", "CN.42.4201.")
    assert run.inputs["n_cases"] == 162
    assert run.inputs["n_named_sources"] == len(told)
    assert run.inputs["n_windows"] > 100
    named = {case for _, case in told}
    hidden = [pair for pair in pairs if pair[1] not in named]
    assert tops(ranks(run, told))[0] >= 0.95, "a link that is told is a link that is found"
    live = tops(ranks(run, hidden))
    history, _ = natural_history("mers", gather("mers", "CN.42.4201."))
    assert live == tops(library_ranks("mers", "CN.42.4201.", hidden, history))
    print("MERS, untold links: first, among three", live, len(hidden))
    assert live[0] >= 0.4, "ranking by the serial interval alone finds 0.235 and, among three, 0.357"
    assert live[1] >= 0.8
    # Three infected 85 of the 98: the run says so.
    assert run.result["spread"]["dispersion_k"][0] < 0.5
    assert run.result["spread"]["top_fifth"][0] > 0.8
    hospitals = Focus.objects.filter(disease="mers", special="hospital", gone_at=None)
    assert hospitals.filter(is_cluster=True).exists()
    assert hospitals.order_by("-n_cases").first().n_cases > 20


def test_mers_links_that_cannot_be(desk: Desk, shared_data: Path) -> None:
    """All links told: those of the file that break a rule are the findings, no more and no fewer."""
    folder = shared_data / "chains_mers_korea_2015"
    rows = mers_cases(folder)
    take_cases(desk, rows, "mers", LATER)
    onset = {row["case_id"]: row["dt_onset"] for row in rows}
    pairs = [
        (row["from"], row["to"])
        for row in read(folder / "contacts.csv")
        if {row["from"], row["to"]} <= set(onset)
    ]
    take_links(desk, pairs, LATER)
    settle()
    run = run_of("mers", "CN.42.4201.")
    low, high = run.result["limits"]
    number = numbers()
    wrong = {
        (source, case)
        for source, case in pairs
        if onset[source]
        and onset[case]
        and not low <= (date.fromisoformat(onset[case]) - date.fromisoformat(onset[source])).days <= high
    }
    shown = {
        (number[p["source"]], number[p["case"]])
        for p in run.result["problems"]
        if p["problem"] in {"onset_order", "too_long"}
    }
    assert shown == wrong
    assert shown
    kept = Finding.objects.filter(kind="outlook.impossible_link", withdrawn_at=None)
    assert kept.count() == len(run.result["problems"])


def singapore_rows(folder: Path) -> list[dict[str, str]]:
    return [
        {
            "case_id": f"SG-{row['CaseID']}",
            "age": row["age"],
            "sex": row["sex"],
            "date_onset_symptoms": iso(row["date_onset_symptoms"]),
            "date_confirmation": iso(row["date_confirmation"]),
            "date_report": iso(row["date_confirmation"]),
            "dt_start_exp": iso(row["start_source"]),
            "dt_end_exp": iso(row["end_source"]),
            "place_infect": row["cluster"],
            "travel_history": "yes" if row["travel_history"] == "Wuhan" or row["cluster"] == "Wuhan" else "",
            "classification": "confirmed",
            "place_code": "420106",
        }
        for row in read(folder / "cases.csv")
    ]


def test_singapore(desk: Desk, shared_data: Path) -> None:
    """93 cases with cluster names and half of the related pairs told: these are found, travellers are not explained."""
    folder = shared_data / "chains_singapore_2020"
    rows = singapore_rows(folder)
    assert take_cases(desk, rows, "covid_19", LATER) == 93
    ids = {row["case_id"] for row in rows}
    related = {
        tuple(sorted((f"SG-{row['CaseID']}", f"SG-{other.strip()}"), key=lambda name: int(name[3:])))
        for row in read(folder / "cases.csv")
        for other in row["Related cases"].split(",")
        if other.strip().isdigit() and f"SG-{other.strip()}" in ids and other.strip() != row["CaseID"]
    }
    pairs = sorted(related, key=lambda pair: (int(pair[0][3:]), int(pair[1][3:])))
    onset = {row["case_id"]: row["date_onset_symptoms"] for row in rows}
    told = [pair if onset[pair[0]] <= onset[pair[1]] else pair[::-1] for pair in pairs[::2]]
    take_links(desk, told, LATER)
    settle()
    run = run_of("covid_19_cn_2020", "CN.42.4201.")
    assert run.inputs["n_cases"] == 93
    number = numbers()
    rows_of = {number[row["id"]]: row for row in run.result["cases"]}
    travellers = [row["case_id"] for row in rows if row["travel_history"]]
    assert len(travellers) > 15
    infected_here = {case for _, case in told}  # some travellers are said to have infected each other
    from_elsewhere = [rows_of[name]["unknown"] for name in travellers if name not in infected_here]
    local = [row["unknown"] for name, row in rows_of.items() if name not in travellers]
    assert np.mean(from_elsewhere) > 0.9 > np.mean(local)
    assert tops(ranks(run, told))[0] >= 0.9, "a link that is told is a link that is found"
    untold = [pair if onset[pair[0]] <= onset[pair[1]] else pair[::-1] for pair in pairs[1::2]]
    hidden = [pair for pair in untold if pair[1] not in infected_here and pair[1] not in travellers]
    unknown = np.mean([rows_of[case]["unknown"] for _, case in hidden])
    found = tops(ranks(run, hidden))
    print(
        "Singapore, untold pairs: first, among three, unknown", found, round(float(unknown), 2), len(hidden)
    )
    # All thirteen have a published source: the true share of unknown ones is 0, and a lower bound would only punish a better
    # answer. What is fair to ask: less than of those from elsewhere, and least where a cluster points at somebody.
    assert unknown < 0.5 < np.mean(from_elsewhere)
    cluster = {row["case_id"]: row["place_infect"] for row in rows}
    alone = [rows_of[case]["source"] for _, case in hidden if not cluster[case]]
    assert len(alone) >= 4
    by_cluster = [
        [rows_of[case]["unknown"] for _, case in hidden if bool(cluster[case]) is told]
        for told in (True, False)
    ]
    assert np.mean(by_cluster[0]) < np.mean(by_cluster[1])
    assert sum(source is None for source in alone) >= len(alone) - 1
    assert found[0] >= 0.25
    assert found[1] >= 0.35
    named = Focus.objects.filter(kind="venue", is_cluster=True, gone_at=None).values_list("label", flat=True)
    assert len(named) >= 3


def households_of(rows: list[dict[str, str]]) -> dict[str, str]:
    leader: dict[str, str] = {}

    def root(name: str) -> str:
        while leader.get(name, name) != name:
            name = leader[name]
        return name

    for row in rows:
        if row["isHousehold"] == "yes":
            leader[root(row["infector_id"])] = root(row["infectee_id"])
    return {name: root(name) for name in {*leader, *leader.values()}}


def test_chinese_pairs(world: World, desk: Desk, shared_data: Path) -> None:
    """The pairs of the largest cities, links untold: households, travel, isolation and onset find as many as the library."""
    rows = read(shared_data / "chains_china_pairs_2020" / "pairs.csv")
    people: dict[str, dict[str, str]] = {}
    for row in rows:
        for side in ("infector", "infectee"):
            city = row[f"{side}_reportCity"]
            away = row[f"{side}_infectCity"]
            travelled = away not in {"unknown", "", city}
            people[row[f"{side}_id"]] = {
                "case_id": row[f"{side}_id"],
                "age": row[f"{side}_age"] if row[f"{side}_age"].isdigit() else "",
                "sex": row[f"{side}_sex"],
                "date_onset": iso(row[f"{side}_onsetDate"]),
                "date_confirmation": iso(row[f"{side}_isolateDate_afterSymptom"])
                or iso(row[f"{side}_labConfirmDate"]),
                "date_report": iso(row[f"{side}_disclosureDate"]) or iso(row[f"{side}_labConfirmDate"]),
                "place_infect": away if travelled else "",
                "travel_history": "yes" if travelled else "",
                "classification": "confirmed",
                "place_code": city,
            }
    by_city: dict[str, list[str]] = {}
    for name, person in people.items():
        if person["date_onset"]:
            by_city.setdefault(person["place_code"], []).append(name)
    largest = sorted(by_city, key=lambda city: -len(by_city[city]))[:8]
    made = load_places(*(("Cities", city) for city in largest), root=world.places["CN"])
    kept = [people[name] | {"place_code": made[city].code} for city in largest for name in by_city[city]]
    Place.objects.filter(pk__in=[made[city].pk for city in largest]).update(level=2)
    assert take_cases(desk, kept, "covid_19", LATER) == len(kept)
    home = households_of(rows)
    _give_households(desk, world, home, {row["case_id"] for row in kept})
    settle()
    settle(LATER + timedelta(hours=1))
    live, library, cases = [], [], 0
    pairs = [(row["infector_id"], row["infectee_id"]) for row in rows]
    for city in largest:
        path = made[city].path
        here = [pair for pair in pairs if set(pair) <= set(by_city[city])]
        run = run_of("covid_19_cn_2020", path)
        cases += run.inputs["n_cases"]
        live += ranks(run, here)
        library += _from_the_file(path, here)
    print("China, eight cities: first, among three", tops(live), "library", tops(library), len(live), cases)
    assert cases == len(kept)
    assert tops(live) == tops(library)
    assert tops(live)[0] > 0.118, "better than chance"
    assert tops(live)[1] > 0.33
    assert Study.objects.filter(method="chains").count() == len(largest)


def _give_households(desk: Desk, world: World, home: dict[str, str], taken: set[str]) -> None:
    groups: dict[str, list[str]] = {}
    for name, root in home.items():
        if name in taken:
            groups.setdefault(root, []).append(name)
    people = {
        case.number: case.person for case in Case.objects.filter(number__in=taken).select_related("person")
    }
    for members in groups.values():
        if len(members) > 1:
            create_household(
                place=people[members[0]].place, members=[(people[name], "") for name in sorted(members)],
                from_on=date(2019, 1, 1), by=desk.actor, at=LATER,
            )  # fmt: skip
    from lianfang.loop.touch import touch

    touch(Case, Case.objects.values_list("pk", flat=True), at=LATER)


def _from_the_file(path: str, pairs: list[tuple[str, str]]) -> list[int]:
    """Call the library as an analyst would, with arrays, and rank the true infectors."""
    disease = "covid_19_cn_2020"
    evidence = gather(disease, path)
    history, _ = natural_history(disease, evidence)
    assert history is not None
    shown: Exposure = exposure_of(evidence, history)
    number = numbers()
    found = infer_chains(
        [case.pk for case in evidence.cases],
        [float(case.on.toordinal()) for case in evidence.cases],
        interval_of(history.serial_interval),
        household=[evidence.household.get(case.pk) for case in evidence.cases],
        exposure=shown,
        source_outside=[True if case.pk in evidence.outside else None for case in evidence.cases],
        seed=SEED,
    )
    from tests.apps.outlook.outbreaks import _ranks

    named = {
        number[pk]: [number[one] for one, p in found.candidates(pk, 9) if one is not None and p >= SHOWN]
        for pk in found.ids
    }
    return _ranks(named, pairs)
