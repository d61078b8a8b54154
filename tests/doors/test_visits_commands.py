"""Visits by command: a gate's file comes in, a case is searched around, and what is over is deleted; runs are thinned."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.world import NOON, World, a_person, build_world
from typer.testing import CliRunner

from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.cli import main
from lianfang.common.errors import LianfangError
from lianfang.contacts.models import Contact
from lianfang.discovery.models import Found, Search, VisitDay
from lianfang.loop.models import Finding
from lianfang.outlook.models import Run as OutlookRun
from lianfang.outlook.models import Study

pytestmark = pytest.mark.django_db
main.assemble()
Run = Callable[..., Any]
DISEASE = "covid_19_cn_2020"


@pytest.fixture
def world(tmp_path: Path, settings: Any) -> World:
    settings.VISITS_DIR = tmp_path / "visits"
    return build_world()


@pytest.fixture
def run() -> Run:
    def invoke(*words: object, at: Any = NOON, status: int = 0) -> Any:
        done = CliRunner().invoke(main.app, [*(str(word) for word in words), "--at", at.isoformat()])
        if isinstance(done.exception, LianfangError):
            assert status == 1, done.exception
            return done.exception.code
        assert done.exit_code == status, (words, done.output, done.exception)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")] or done.stdout

    return invoke


@pytest.fixture
def case(world: World) -> Case:
    alice = world.actor("alice")
    row = cases.open_case(
        person=a_person(world), disease=DISEASE, place=world.places["420106"], diagnosis="confirmed",
        diagnosed_at=NOON, by=alice, at=NOON,
    )  # fmt: skip
    on = (NOON - timedelta(days=2)).date()
    cases.record_signs(case=row, signs={"fever": True}, seen_at=NOON, onset_on=on, by=alice, at=NOON)
    row.refresh_from_db()
    return row


def gate_file(folder: Path, *people: Any) -> Path:
    head = "key,person,place,kind,place_name,area,arrive,leave"
    stay = "T1,meal,tea house,420106001,2020-02-11T14:00:00,2020-02-11T16:00:00"
    rows = [f"{n},{who.uid},{stay}" for n, who in enumerate(people)]
    broken = f"x,{people[0].uid},T1,meal,tea house,420106001,2020-02-11T16:00:00,2020-02-11T14:00:00"
    path = folder / "gate.csv"
    path.write_text("\n".join([head, *rows, broken]) + "\n", encoding="utf-8")
    return path


def test_ingest_discover_and_drop(world: World, run: Run, case: Case, tmp_path: Path) -> None:
    near = a_person(world, "420106001001")
    file = gate_file(tmp_path, case.person, near)
    gate = ("--source", "tea-house", "--as", "alice", "--json")
    assert run("visits", "ingest", file, *gate) == [
        {"new": 2, "known": 0, "closed": 0, "parked": 1, "days": 1}
    ]
    assert run("visits", "ingest", file, *gate)[0] | {"days": 1} == {
        "new": 0, "known": 2, "closed": 0, "parked": 1, "days": 1,
    }  # fmt: skip
    ask = ("visits", "discover", case.number, "--purpose", "密接排查", "--json")
    assert run(*ask, "--as", "dina", status=1) == "common.not_visible"
    found = run(*ask, "--as", "alice")
    assert [(row["person"], row["minutes"], row["place"]) for row in found] == [
        (near.label, 120, "tea house")
    ]
    assert Contact.objects.count() == 0, "a finding names nobody"
    assert Finding.objects.filter(kind="discovery.shared_places").count() == 1
    assert Search.objects.get().purpose == "密接排查"
    told = run("visits", "drop", "--as", "alice", at=NOON + timedelta(days=90))
    assert "gone: True" in str(told)
    assert VisitDay.objects.get().dropped_at is not None
    assert not Found.objects.exists()
    assert not any((tmp_path / "visits").rglob("*2020-02-11*/*.parquet"))


def test_runs_are_thinned_by_command(world: World, run: Run) -> None:
    study = Study.objects.create(
        method="chains", disease=DISEASE, place=world.places["4201"], path=world.places["4201"].path
    )
    made = [
        OutlookRun.objects.create(
            study=study,
            path=study.path,
            at=NOON + timedelta(minutes=n),
            version="t",
            status="done",
            digest=f"{n}",
        )
        for n in range(3)
    ]
    Study.objects.filter(pk=study.pk).update(latest=made[-1])
    later = NOON + timedelta(days=31)
    assert "2 runs would be deleted" in str(run("outlook", "thin", "--dry-run", "--as", "jia", at=later))
    assert OutlookRun.objects.count() == 3
    assert "2 runs deleted" in str(run("outlook", "thin", "--as", "jia", at=later))
    assert list(OutlookRun.objects.all()) == [made[-1]]
