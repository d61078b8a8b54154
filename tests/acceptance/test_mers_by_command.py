"""MERS in Korea, 2015: the public line list goes in by command, and the loop turns while its clock is moved.

What was known on 5 June goes in first. Some of its cases are investigated in time, some late, most not at all; the
clock moves, what is undone climbs, and the figures say so. Then the whole list comes, and only what is new is new.
"""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.site import Said, Site, found_site, write

KNOWN_ON = "2015-06-05"
FIVE = 5


@pytest.fixture
def korea(tmp_path: Path, databases: Callable[[], str]) -> Site:
    site = found_site(tmp_path / "site", databases(), nation="KR=Republic of Korea")
    places = ("code,name,level,parent", "KR-41,Gyeonggi,province,KR", "KR-41-1,Southern,prefecture,KR-41")
    site.run("places", "load", write(site.folder / "p.csv", *places, "KR-4122,Pyeongtaek,county,KR-41-1"))
    units = ("code,name,kind,place,parent,capabilities", "gg,Gyeonggi CDC,cdc,KR-41,root,all")
    site.run(
        "units",
        "load",
        write(site.folder / "u.csv", *units, "pt,Pyeongtaek health centre,cdc,KR-4122,gg,all"),
    )
    words = ("--unit", "pt", "--role", "epidemiologist", "--area", "KR-4122", "--no-password")
    site.run("users", "add", "kim", "--name", "Kim", *words)
    site.key = site.run("tokens", "issue", "kim", "--name", "laptop").out.strip()
    return site


def as_known(text: str, day: str) -> str:
    """Return the line list as it stood on a day: the rows reported by then, without what came later."""
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["dt_report"] <= day]
    for row in rows:
        for column in ("dt_diag", "dt_death", "dt_onset"):
            row[column] = row[column] if row[column] <= day else ""
        row["outcome"] = row["outcome"] if row["outcome"] == "Dead" and row["dt_death"] else ""
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.slow
def test_the_loop_turns_on_mers_in_korea(korea: Site, shared_data: Path) -> None:
    folder = shared_data / "chains_mers_korea_2015"
    text = (folder / "linelist.csv").read_text(encoding="utf-8")
    early = korea.folder / "early.csv"
    early.write_text(as_known(text, KNOWN_ON), encoding="utf-8")
    n_early = early.read_text(encoding="utf-8").count("\n") - 1

    def take(*files: Path, at: str, status: int = 0) -> Said:
        words = (
            "--source",
            "kcdc",
            "--unit",
            "pt",
            "--yes",
            "--unknown-place",
            "default",
            "--json",
            "--at",
            at,
        )
        said = ("--default", "disease=mers", "--default", "classification=confirmed")
        return korea.run("import", *files, *words, *said, status=status)

    first = take(early, at=f"{KNOWN_ON}T18:00").rows[0]
    assert (first["created"], first["parked"]) == (n_early, 0), first["problems"]
    korea.run("loop", "sweep", "--at", f"{KNOWN_ON}T18:00")
    owed = korea.run(
        "loop", "tasks", "--duty", "cases.investigate", "--at", f"{KNOWN_ON}T18:00", "--json"
    ).rows
    assert len(owed) == n_early, "every confirmed case has its investigation"
    hours = {(when(task["due_at"]) - when(task["since_at"])) / timedelta(hours=1) for task in owed}
    assert hours == {24.0}
    assert {task["unit"] for task in owed} == {"pt"}

    with korea.serving("--no-loop"):
        _status, page = korea.call("GET", "/cases?limit=500")
        assert all(
            case["classification"] == "confirmed" and case["edition"].startswith("mers/diagnosis@")
            for case in page["cases"]
        )
        started = {
            case["number"]: max(when(case["reported_at"]), when(case["confirmed_at"]))
            for case in page["cases"]
        }
        chosen = sorted(started, key=lambda number: (started[number], number))[-2 * FIVE :]
        for n, number in enumerate(chosen):
            completed = started[number] + timedelta(hours=20 if n < FIVE else 30)
            asked = dict.fromkeys(("onset_asked", "exposures_asked", "places_asked", "contacts_asked"), True)
            body = {"completed_at": completed.isoformat(), **asked}
            assert korea.call("POST", f"/cases/{number}/investigations", body, key=f"inv-{number}")[0] == 200

    # Ten days later: what was done is done, on time or late; the rest is late and has climbed to the top of the ladder.
    at = "2015-06-15T12:00"
    korea.run("loop", "sweep", "--at", at)
    late = korea.run(
        "loop", "tasks", "--duty", "cases.investigate", "--state", "late", "--at", at, "--json"
    ).rows
    assert len(late) == n_early - 2 * FIVE
    assert {task["rung"] for task in late} == {4}
    steps = korea.run("loop", "escalations", "--limit", 5000, "--json").rows
    told = {(one["rung"], one["told"]) for one in steps if one["duty"] == "cases.investigate"}
    assert {rung for rung, _ in told} == {2, 3, 4}, "the first rung is the county, which is late itself"
    assert {unit for rung, unit in told if rung == 3} == {"gg"}, "the province"
    assert {unit for rung, unit in told if rung == 4} == {"root"}, "the nation"
    metrics = korea.run("loop", "metrics", "--since", "2015-05-01T00:00", "--at", at, "--json").rows
    line = next(one for one in metrics if one["duty"] == "cases.investigate")
    assert (line["created"], line["on_time"], line["late"], line["overdue"]) == (
        n_early,
        FIVE,
        FIVE,
        n_early - 2 * FIVE,
    )
    # Some of those done late had climbed before they were done.
    assert n_early - 2 * FIVE <= line["escalated"] <= n_early
    assert 20 <= line["median_hours"] <= 30
    covered = {one["coverage"]: one for one in korea.run("loop", "coverage", "--at", at, "--json").rows}
    assert covered, "coverage beside its twin"
    _the_whole_list(korea, take, folder, n_early)


def _the_whole_list(korea: Site, take: Callable[..., Said], folder: Path, n_early: int) -> None:
    """The whole list, and who infected whom: only what is new is new, and nothing that was done is asked for again."""
    at = "2015-07-20T12:00"
    whole, pairs = take(folder / "linelist.csv", folder / "contacts.csv", at=at).rows
    assert (whole["created"], whole["parked"]) == (162 - n_early, 0), whole["problems"]
    assert (pairs["created"], pairs["parked"]) == (98, 0), pairs["problems"]
    korea.run("loop", "sweep", "--at", at)
    every = korea.run(
        "loop", "tasks", "--duty", "cases.investigate", "--state", "all", "--limit", 500, "--at", at, "--json"
    ).rows
    assert len({task["subject"] for task in every if task["status"] != "void"}) == 162
    assert sum(task["status"] == "done" for task in every) == 2 * FIVE
    again = take(folder / "linelist.csv", folder / "contacts.csv", at=at).rows
    assert [(one["created"], one["changed"]) for one in again] == [(0, 0), (0, 0)]
    assert "whole" in korea.run("audit", "verify").out


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)
