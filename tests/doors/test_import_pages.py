"""Real files go in by the pages as a person would send them: the forms are filled as the pages show them."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.apps.intake.importing import grant_everywhere, load_places
from tests.world import World, build_world

from lianfang.cases.models import Case
from lianfang.common.clock import now
from lianfang.contacts.models import Contact, Observation
from lianfang.intake.models import Signal
from lianfang.loop.models import Escalation, Task
from lianfang.loop.worker import sweep

pytestmark = pytest.mark.django_db


class Form(HTMLParser):
    """The fields of the page's forms with the values that they show."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "select":
            self._select = given.get("name", "")
            self.values.setdefault(self._select, "")
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value", "")
        elif tag == "input" and given.get("name") and given.get("type") not in {"file", "submit"}:
            self.values[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


@pytest.fixture
def world() -> World:
    world = build_world(now())
    grant_everywhere(world, "alice")
    return world


@pytest.fixture
def desk(world: World) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(world.users["alice"])
    return client


def take(desk: Client, content: bytes, name: str, *, status: int = 200, **said: Any) -> dict[str, int]:
    """Send, confirm the columns as proposed with what is `said`, look at the trial, accept; return what became of the rows."""
    file = SimpleUploadedFile(name, content)
    sent = desk.post("/imports", {"file": file, "new_source": "files", "target": ""})
    assert sent.status_code == 302, sent.content.decode()[:2000]
    where = sent["Location"].removesuffix("/mapping")
    shown = desk.get(f"{where}/mapping")
    assert shown.status_code == 200
    asked = Form(shown.content.decode()).values
    confirmed = desk.post(f"{where}/mapping", {**asked, **said})
    assert confirmed.status_code == 302, re.findall(r'class="[^"]*error[^"]*".*', confirmed.content.decode())
    trial = desk.get(confirmed["Location"])
    assert trial.status_code == 200
    before = Case.objects.count(), Contact.objects.count()
    accepted = desk.post(f"{where}/acceptance")
    assert accepted.status_code == 302
    assert desk.get(where).status_code == status
    counts = Signal.objects.filter(batch_id=int(where.rsplit("/", 1)[1])).values_list("status", flat=True)
    made = Case.objects.count() - before[0], Contact.objects.count() - before[1]
    return {
        "cases": made[0],
        "contacts": made[1],
        "accepted": list(counts).count("accepted"),
        "parked": list(counts).count("parked"),
    }


def test_mers_korea_2015_by_page(desk: Client, world: World, shared_data: Path) -> None:
    """All 162 cases are taken in; each is owed its duties, all long late, and the start page says so."""
    file = shared_data / "chains_mers_korea_2015" / "linelist.csv"
    said = {"default-disease": "mers", "default-classification": "confirmed", "unknown_place": "default"}
    done = take(desk, file.read_bytes(), file.name, **said)
    assert (done["cases"], done["parked"]) == (162, 0)
    assert set(Case.objects.values_list("disease", "classification")) == {("mers", "confirmed")}
    at = now()
    sweep(at=at)
    for duty in ("cases.report", "cases.review", "cases.investigate", "contacts.list"):
        assert Task.objects.filter(duty=duty).values("subject_id").distinct().count() == 162, duty
    late = Task.objects.open().filter(due_at__lt=at)
    assert late.filter(duty="cases.investigate").count() == 162
    assert Escalation.objects.filter(task__duty="cases.investigate").exists()
    page = desk.get("/").content.decode()
    assert "162" in page
    assert desk.get("/cases?disease=mers&number=SK_14").content.decode().count("SK_14") >= 1
    assert desk.get("/cases/SK_14").status_code == 200


def test_sormas_and_godata_files_by_page(desk: Client, world: World, shared_data: Path) -> None:
    load_places(
        ("Abia", "Umuahia North", "Urban Ward 2"),
        ("Region", "District", "Community"),
        root=world.places["CN"],
    )
    sormas = shared_data / "import_sormas"
    samples = sormas / "sormas_case_import_test_samples.csv"
    assert take(desk, samples.read_bytes(), samples.name)["cases"] == 3
    contacts = sormas / "sormas_case_contact_import_test_success.csv"
    done = take(
        desk,
        contacts.read_bytes(),
        contacts.name,
        **{"default-disease": "covid_19_cn_2020", "unknown_place": "default"},
    )
    assert (done["contacts"], done["parked"]) == (5, 0)
    godata = shared_data / "import_godata_training"
    said = {"unknown_place": "default", "default-disease": "ebola"}
    cases = take(desk, (godata / "cases_clean.csv").read_bytes(), "cases.csv", **said)
    assert (cases["cases"], cases["parked"]) == (56, 0)
    people = take(desk, (godata / "contacts_clean.csv").read_bytes(), "contacts.csv", **said)
    assert (people["contacts"], people["parked"]) == (66, 0)
    visits = take(desk, (godata / "followups_clean.csv").read_bytes(), "followups.csv", **said)
    assert Observation.objects.count() == visits["accepted"] > 0
    assert desk.get("/parked").status_code == 200


def test_the_head_of_a_spoilt_list_by_page(desk: Client, world: World, shared_data: Path) -> None:
    """Three hundred rows of the messy list: every row is taken in or parked with the cells that keep it out."""
    file = shared_data / "linelist_messy_15k" / "messy_first_5000.csv"
    lines = file.read_bytes().splitlines(keepends=True)[:301]
    said = {"default-disease": "ebola", "unknown_place": "default"}
    done = take(desk, b"".join(lines), "messy.csv", **said)
    assert done["accepted"] + done["parked"] == 300
    assert done["accepted"] > 200
    yearless = next(
        s for s in Signal.objects.filter(status="parked") if s.problems[0]["rule"] == "date.no_year"
    )
    shown = desk.get(f"/parked/{yearless.pk}", headers={"accept-language": "zh-hans"}).content.decode()
    assert "请写完整日期，如 2020-02-12" in shown


def test_the_form_of_the_who_proposes_its_disease(desk: Client) -> None:
    content = b"report_date,patinfo_ID,patinfo_sex,patinfo_ageonset,patcourse_dateonset\n2020-02-12,W-1,M,44,2020-02-10\n"
    assert take(desk, content, "who.csv")["cases"] == 1
    assert Case.objects.get().disease == "covid_19_cn_2020"
