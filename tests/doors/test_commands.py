"""Files of others taken in by the command as they are: SORMAS's own tests, Go.Data's training outbreak, a spoilt list."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.world import World, build_world
from typer.testing import CliRunner

from lianfang.cases.models import Case, Sign
from lianfang.cli import access, main
from lianfang.common.clock import local_day
from lianfang.common.errors import LianfangError
from lianfang.contacts.models import Observation
from lianfang.core.access.permissions import Role
from lianfang.core.registry.models import MatchReview
from lianfang.intake.models import Signal
from lianfang.simulate import Mess, demo_city, demo_outbreak, to_linelist

main.assemble()
Run = Callable[..., list[dict[str, Any]]]
AT = ("--at", "2026-11-20T12:00")


@pytest.fixture
def world(db: None) -> World:
    return build_world()


@pytest.fixture
def run(world: World) -> Run:
    """Run a command in this process; return its JSON lines, or the refusal it ended with."""

    def invoke(*words: object, status: int = 0) -> list[dict[str, Any]]:
        done = CliRunner().invoke(main.app, [str(word) for word in words])
        if isinstance(done.exception, LianfangError):
            assert status == 1, done.exception
            return [{"code": done.exception.code, "advice": done.exception.advice}]
        assert done.exit_code == status, (words, done.output, done.stderr, done.exception)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    return invoke


def table(path: Path, rows: Iterable[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("code", "name", "level", "parent", "external_id"), *rows])
    return path


def test_the_help_names_every_role() -> None:
    assert access.ROLES.split(", ") == Role.values


def test_sormas_files_by_command(run: Run, shared_data: Path, tmp_path: Path) -> None:
    """Every one of SORMAS's own import files: taken in, parked cell by cell, or refused with where it goes."""
    places = [
        ("AB", "Abia", "province", "CN", ""),
        ("AB1", "Umuahia North", "county", "AB", ""),
        ("AB11", "Urban Ward 2", "township", "AB1", ""),
        ("AB2", "Bende", "county", "AB", ""),
        ("AB21", "Bende Ward", "township", "AB2", ""),
        ("AB3", "Osisioma Ngwa", "county", "AB", ""),
        ("SL", "Saarland", "province", "CN", ""),
        ("SL1", "RV Saarbrücken", "county", "SL", ""),
        ("SL11", "Kleinblittersdorf", "township", "SL1", ""),
        ("RE", "Region", "province", "CN", ""),
        ("RE1", "District", "county", "RE", ""),
        ("RE11", "Community", "township", "RE1", ""),
    ]
    run("places", "load", table(tmp_path / "places.csv", places))
    run("places", "urban", "AB1", "--reason", "the town itself")
    assert [one["code"] for one in run("places", "list", "--json", "--level", 3) if one["urban"]] == ["AB1"]
    said = tmp_path / "said.json"
    said.write_text(json.dumps({"options": {"codings": {"disease": {"CORONAVIRUS": "covid_19"}}}}))
    expected = {
        "import_test_errors": (0, 0, 5),
        "case_import_test_samples": (3, 0, 0),
        "case_import_test_pathogen_tests": (0, 3, 0),
        "case_contact_import_test_success": (5, 0, 0),
        "import_test_line_listing": (1, 0, 4),
    }
    for name, (created, changed, parked) in expected.items():
        file = shared_data / "import_sormas" / f"sormas_{name}.csv"
        words = (
            "--source",
            "sormas",
            "--unit",
            "cn-nha",
            "--format",
            "sormas",
            "--mapping",
            said,
            "--json",
            *AT,
        )
        result = run("import", file, *words, status=3 if parked else 0)[0]
        assert (result["created"], result["changed"], result["parked"]) == (created, changed, parked), name
    rules = Counter(p["rule"] for row in run("parked", "list", "--json") for p in row["problems"])
    assert rules["required.missing"] == 3
    assert rules["disease.no_pack"] == 4
    for name in ("district_bom_test", "facility_import_test", "event_import_test_success"):
        file = shared_data / "import_sormas" / f"sormas_{name}.csv"
        refused = run("import", file, "--source", "sormas", "--unit", "cn-nha", status=1)[0]
        assert refused["code"] == "intake.not_taken_in"
        assert refused["advice"]
    wrong = run("import", said, "--source", "sormas", "--unit", "cn-nha", "--format", "sormas", status=1)[0]
    assert wrong["code"] == "intake.wrong_format"


@pytest.mark.slow
def test_godata_training_outbreak_by_command(run: Run, shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "import_godata_training"
    names = ("cases", "contacts", "relationships", "followups", "lab_results")
    files = [folder / f"{name}_clean.csv" for name in names]
    run("places", "load", table(tmp_path / "places.csv", _godata_places(files)), "--system", "training")
    words = ("--source", "training", "--unit", "cn-nha", "--default", "disease=ebola", "--json", *AT)
    trial = run("import", *files, *words, "--dry-run")
    assert [one["parked"] for one in trial] == [0] * 5, (
        "the later files find what the earlier bring, also when tried"
    )
    assert (Case.objects.count(), Signal.objects.count()) == (0, 0)
    taken = run("import", *files, *words)
    assert [one["parked"] for one in taken] == [0] * 5
    assert (Case.objects.count(), Observation.objects.count()) == (56, 437)
    again = run("import", *files, *words)
    assert [(one["created"], one["changed"]) for one in again] == [(0, 0)] * 5


def _godata_places(files: Iterable[Path]) -> list[tuple[str, ...]]:
    """Return the places that the files speak of, with Go.Data's own numbers."""
    found: dict[str, tuple[str, ...]] = {}
    for file in files:
        for row in csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()):
            above = "CN"
            for n, level in enumerate(("province", "prefecture", "county", "township")):
                number, name = row.get(f"admin_{n}_location_id"), row.get(f"admin_{n}_name")
                if number and name:
                    found.setdefault(number[:24], (number[:24], name, level, above, number))
                    above = number[:24]
    return list(found.values())


# ---- the spoilt list: what it must say was worked out here, from how the file is written, not from the intake

R_EPOCH = date(1970, 1, 1)


def true_day(text: str) -> date | None:
    """Return the day that a cell of the file means, by the five ways in which it writes days; None where it means none."""
    if re.fullmatch(r"\d{5}", text):
        return R_EPOCH + timedelta(days=int(text))
    if match := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text):  # month first: no first part is above 12
        return date(int(match[3]), int(match[1]), int(match[2]))
    if match := re.fullmatch(r"(\d\d)/ (\d\d) /(\d\d)", text):  # day first
        return date(2000 + int(match[3]), int(match[2]), int(match[1]))
    return None  # "Jun /23/Y" has no year, and an empty cell no day


@pytest.mark.slow
def test_what_is_recovered_of_the_spoilt_list(run: Run, shared_data: Path) -> None:
    """5,000 rows: which are taken in, parked, found to be double; each against what the cells mean."""
    file = shared_data / "linelist_messy_15k" / "messy_first_5000.csv"
    words = (
        "--source",
        "messy",
        "--unit",
        "cn-nha",
        "--yes",
        "--default",
        "disease=ebola",
        "--unknown-place",
        "default",
    )
    result = run("import", file, *words, "--json", *AT, status=3)[0]
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    times = Counter(row["case_id"] for row in rows)
    double = {n for n, row in enumerate(rows, 2) if row["case_id"] and times[row["case_id"]] > 1}
    first = {row["case_id"]: n for n, row in reversed(list(enumerate(rows, 2)))}
    later = {n for n in double if first[rows[n - 2]["case_id"]] != n}
    yearless = {
        n for n, row in enumerate(rows, 2) if row["date_onset"] and true_day(row["date_onset"]) is None
    }
    parked = {
        s.row: {p["rule"] for p in s.problems if p["severity"] == "error"}
        for s in Signal.objects.filter(status="parked")
    }
    found = {n for n, rules in parked.items() if "number.used_twice" in rules}
    measured = {
        "rows": len(rows),
        "taken in": result["created"],
        "parked": len(parked),
        "parked for a day without a year": len({n for n in parked if "date.no_year" in parked[n]}),
        "numbers used twice, rows": len(double),
        "found double": len(found),
        "duplicates: precision": len(found & double) / len(found),
        "duplicates: recall": len(found & later) / len(later),
    }
    right = wrong = 0
    onsets = dict(Sign.objects.current().filter(is_onset=True).values_list("case__number", "occurred_at"))
    for n, row in enumerate(rows, 2):
        if n in parked or not row["date_onset"] or not row["case_id"]:
            continue
        day = onsets.get(row["case_id"])
        is_right = day is not None and local_day(day) == true_day(row["date_onset"])
        right, wrong = right + is_right, wrong + (not is_right)
    readable = sum(true_day(row["date_onset"]) is not None for row in rows)
    measured |= {
        "days of onset: precision": right / (right + wrong),
        "days of onset: recall": right / readable,
    }
    print(json.dumps(measured, indent=1))
    assert result["created"] + result["parked"] == 5000
    assert set(parked) == yearless | found, (
        "nothing is parked but what nobody could read, and numbers used twice"
    )
    assert measured["duplicates: precision"] == 1.0
    assert measured["duplicates: recall"] == 1.0
    assert measured["days of onset: precision"] == 1.0
    assert measured["days of onset: recall"] > 0.95


@pytest.mark.slow
def test_what_is_recovered_of_an_invented_list_against_its_truth(run: Run, tmp_path: Path) -> None:
    """A Chinese line list filled in as people do; the truth of every disturbance and repeated row is known."""
    city = demo_city()
    made = to_linelist(demo_outbreak(city=city), mess=Mess(duplicate=0.1), seed=3)
    file = tmp_path / "list.csv"
    made.rows.write_csv(file)
    root = [("99", "示范省", "province", "CN", ""), ("9901", "云河市", "prefecture", "99", "")]
    frame = city.places.sort("code").to_dicts()
    places = [
        (p["code"], p["name"], "cell" if p["level"] == "cell" else p["level"], p["parent"] or "9901", "")
        for p in sorted(frame, key=lambda p: len(p["code"]))
    ]
    run("places", "load", table(tmp_path / "places.csv", [*root, *places]))
    words = (
        "--source",
        "clinics",
        "--unit",
        "cn-nha",
        "--yes",
        "--default",
        "disease=covid_19",
        "--json",
        *AT,
    )
    result = run("import", file, *words, "--unknown-place", "default")[0]
    shown = made.rows["病例编号"].to_list()
    repeats = {
        row["row"]: int(row["true"])
        for row in made.truth.filter(made.truth["kind"] == "duplicate").iter_rows(named=True)
    }
    traces = {
        signal.row - 2: {
            (t.record, t.record_id) for t in signal.traces.all() if t.record.endswith((".Case", ".Person"))
        }
        for signal in Signal.objects.prefetch_related("traces")
    }
    person_of = {
        row: Case.objects.filter(pk__in=[pk for record, pk in made_of if record.endswith(".Case")])
        .values_list("person_id", flat=True)
        .first()
        for row, made_of in traces.items()
    }
    asked = {frozenset(pair) for pair in MatchReview.objects.values_list("first_id", "second_id")}
    joined = asked_about = missed = parked = 0
    for row, original in repeats.items():
        one, other = person_of.get(row), person_of.get(original)
        if one is None or other is None:
            parked += 1
        elif one == other:
            joined += 1
        elif frozenset((one, other)) in asked:
            asked_about += 1
        else:
            missed += 1
    true_person = made.clean["person"].to_list()
    originals = [row for row in range(len(shown)) if row not in repeats]
    true_of = dict(zip(originals, true_person, strict=True)) | {
        row: true_person[originals.index(original)] for row, original in repeats.items()
    }
    held: dict[int, set[int]] = {}
    for row, person in person_of.items():
        if person is not None:
            held.setdefault(person, set()).add(true_of[row])
    wrong = sum(len(people) - 1 for people in held.values())
    measured = {
        "rows": len(shown),
        "disturbed cells": made.truth.height,
        "taken in": result["created"] + result["changed"] + result["unchanged"],
        "parked": result["parked"],
        "rules": result["rules"],
        "repeated rows": len(repeats),
        "joined to their person": joined,
        "put before a person": asked_about,
        "missed": missed,
        "repeat or original parked": parked,
        "wrongly joined people": wrong,
    }
    print(json.dumps(measured, ensure_ascii=False, indent=1))
    assert (wrong, missed, result["parked"]) == (0, 0, 0)
    assert joined + asked_about == len(repeats)
