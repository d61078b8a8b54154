"""A site from nothing, by command alone: set up, filled, put aside, lost and brought back; and its REST under load."""

import csv
import io
import json
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.site import PLACES, UNITS, Site, found_site, with_a_county, write

LINES = (
    "case_id,name,sex,age,phone,date_onset,date_report,classification,fever,disease",
    "R-1,Zhang Wei,M,35,13800000001,2020-02-01,2020-02-05,confirmed,yes,covid_19",
    "R-2,Li Na,F,62,13800000002,2020-02-03,2020-02-06,confirmed,yes,covid_19",
    "R-3,Wang Fang,F,41,13800000003,2020-02-31,2020-02-06,suspected,no,covid_19",
)


@pytest.fixture
def site(tmp_path: Path, databases: Callable[[], str]) -> Site:
    return with_a_county(found_site(tmp_path / "site", databases()))


@pytest.fixture
def small_site(tmp_path: Path) -> Site:
    return with_a_county(found_site(tmp_path / "site", f"sqlite:///{tmp_path / 'site.sqlite3'}"))


@pytest.mark.slow
def test_a_site_from_nothing_by_command(small_site: Site) -> None:
    """Import, what is parked, repair, error file, export and back, undo; the same command again changes nothing."""
    site = small_site
    again = site.run("init")
    assert not again.out, "a second init makes nothing"
    assert site.run("places", "load", site.folder / "places.csv").out.startswith("0 added, 0 changed")
    assert site.run("units", "load", site.folder / "units.csv").out.startswith("0 created, 0 changed")

    file = write(site.folder / "list.csv", *LINES)
    guess = site.run("import", file, "--source", "clinic", "--unit", "420106-cdc", status=1)
    assert "intake.no_mapping" in guess.err
    assert not site.run("imports", "list", "--json").rows, "what nobody confirmed leaves nothing behind"
    take = ("import", file, "--source", "clinic", "--unit", "420106-cdc", "--yes", "--json")
    trial = site.run(*take, "--dry-run", status=3).rows[0]
    assert (trial["created"], trial["parked"]) == (2, 1)
    assert [
        (p["row"], p["column"], p["value"], p["rule"]) for p in trial["problems"] if p["severity"] == "error"
    ] == [(4, "date_onset", "2020-02-31", "date.impossible")]
    assert not site.run("imports", "list", "--json").rows
    done = site.run(*take, status=3).rows[0]
    assert (done["created"], done["parked"]) == (2, 1)
    same = site.run(*take).rows[0]
    assert (same["created"], same["changed"], same["known"]) == (0, 0, 3)

    waiting = site.run("parked", "list", "--json").rows
    assert [row["row"] for row in waiting] == [4]
    number = waiting[0]["id"]
    assert site.run("parked", "repair", number, "date_onset=still wrong", status=3)
    errors = site.run("parked", "file", done["batch"]).out
    assert next(iter(csv.DictReader(io.StringIO(errors.lstrip("\ufeff")))))["case_id"] == "R-3"
    site.run("parked", "repair", number, "date_onset=2020-02-04")
    assert not site.run("parked", "list", "--json").rows

    out = site.folder / "cases.csv"
    site.run("export", "cases", "--purpose", "round trip", "--out", out)
    back = site.run("import", out, "--source", "clinic", "--json").rows[0]
    assert (back["created"], back["changed"], back["parked"]) == (0, 0, 0), "bar 8"
    assert back["rows"] == 3

    # Who acts in an area sees and does what she may, by command as elsewhere.
    assert site.run(
        "import", file, "--as", "limin", "--source", "other", "--unit", "42-cdc", "--yes", status=1
    )
    site.run("imports", "undo", done["batch"], "--reason", "wrong file", "--as", "limin")
    assert site.run("imports", "show", done["batch"]).rows[0]["state"] == "undone"
    assert "whole" in site.run("audit", "verify").out


@pytest.mark.slow
def test_a_backup_made_while_others_write_comes_back_whole(
    site: Site, tmp_path: Path, databases: Callable[[], str]
) -> None:
    file = write(site.folder / "list.csv", *LINES)
    take = ("--source", "clinic", "--unit", "420106-cdc", "--yes")
    site.run("import", file, *take, status=3)
    site.run("loop", "sweep")
    site.run("audit", "seal")
    many = write(
        site.folder / "many.csv",
        LINES[0],
        *(
            f"M-{n},Person {n},F,30,1390000{n:04d},2020-02-01,2020-02-05,suspected,yes,covid_19"
            for n in range(600)
        ),
    )
    writer = threading.Thread(target=lambda: site.run("import", many, *take))
    writer.start()
    archive = Path(site.run("backup", site.folder).out.strip())
    writer.join()

    other = Site(tmp_path / "other", databases())
    other.folder.mkdir()
    for key in ("identity_key", "secret_key"):
        (other.folder / key).write_text((site.folder / key).read_text())
    said = other.run("restore", archive)
    assert "whole" in said.out
    rows = list(
        csv.DictReader(io.StringIO(other.run("export", "cases", "--purpose", "look").out.lstrip("\ufeff")))
    )
    assert {"R-1", "R-2"} <= {row["number"] for row in rows}
    assert {row["name"] for row in rows if row["number"] == "R-1"} == {"Zhang Wei"}
    tasks = {(t["duty"], t["subject"]) for t in other.run("loop", "tasks", "--json").rows}
    assert {duty for duty, _ in tasks} >= {"cases.investigate", "cases.review"}
    # The import that was under way goes on in the restored site, to the same end.
    other.run("import", many, *take)
    counted = [
        each.run("export", "cases", "--purpose", "count").out.count("covid_19") for each in (site, other)
    ]
    assert counted[0] == counted[1] > 500

    refused = other.run("restore", archive, status=1)
    assert "cli.database_in_use" in refused.err
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)
    assert "cli.backup_broken" in other.run("restore", "--replace", archive, status=1).err


@pytest.mark.slow
def test_the_same_request_at_the_same_time_is_one_act(site: Site) -> None:
    """Forty requests at once over HTTP, under five keys: five acts, and each sender is told the first answer."""
    who = {"place": "420106", "sex": "male"}
    names, phones = ("赵国强", "钱学海", "孙建军", "李永福", "周志远"), (1391, 1372, 1883, 1504, 1865)

    def report(n: int) -> tuple[int, Any]:
        body = {
            "disease": "covid_19_cn_2020",
            "place": "420106",
            "who": {**who, "name": names[n % 5], "phone": f"{phones[n % 5]}6042817"},
        }
        return site.call("POST", "/cases", body, key=f"report-{n % 5}")

    message = {
        "source": "lab",
        "target": "lab_result",
        "messages": [{"key": "M-1", "fields": {"case_number": "X", "test": "rt_pcr", "finding": "positive"}}],
    }
    with site.serving("--no-loop"), ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(report, range(40)))
        assert {status for status, _ in answers} == {200}, answers
        told = {n: {json.dumps(answer) for status, answer in answers[n::5]} for n in range(5)}
        assert all(len(same) == 1 for same in told.values())
        assert len(site.call("GET", "/cases")[1]["cases"]) == 5
        status, refused = site.call(
            "POST", "/cases", {"disease": "mers", "place": "420106", "who": who}, key="report-0"
        )
        assert (status, refused["code"]) == (409, "access.key_reused")

        # A stream that sends everything twice, without keys: the message's own id is enough.
        form = {"source": "lab", "target": "lab_result", "messages": []}
        site.run(
            "import",
            write(site.folder / "empty.csv", *LINES[:2]),
            "--source",
            "lab",
            "--unit",
            "420106-lab",
            "--yes",
        )
        assert site.call("POST", "/messages", form)[0] == 200
        taken = list(crowd.map(lambda _: site.call("POST", "/messages", message), range(12)))
        assert {status for status, _ in taken} == {200}, taken
        assert len({rows[0]["signal"] for _, rows in taken}) == 1


@pytest.mark.slow
def test_the_tables_of_a_site_are_checked(tmp_path: Path) -> None:
    """Wrong tables are refused with the line; a future moment is refused; a command without a site says so."""
    site = found_site(tmp_path / "site", f"sqlite:///{tmp_path / 'site.sqlite3'}")
    (tmp_path / "site").mkdir(exist_ok=True)
    bad = write(site.folder / "bad.csv", *PLACES, "420108,无上级,county,9999")
    assert "9999" in site.run("places", "load", bad, status=1).err
    worse = write(site.folder / "units.csv", *UNITS[:1], "u,Unit,castle,CN,root,all")
    assert "line 2" in site.run("units", "load", worse, status=1).err
    assert "still to come" in site.run("loop", "turn", "--at", "2099-01-01T00:00", status=2).err
    assert site.run("users", "list", "--json").rows[0]["name"] != ""
    with sqlite3.connect(tmp_path / "site.sqlite3") as database:
        assert database.execute("select count(*) from registry_place").fetchone() == (1,)
