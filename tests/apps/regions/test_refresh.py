"""A mart that is refreshed by the counties whose facts changed holds what one built anew holds; its files go when nobody needs them."""

import os
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.apps.regions.test_grades import confirm_one
from tests.world import NOON, a_person

from lianfang.cases.models import Case, Outcome, Sample, StatusChange
from lianfang.contacts.models import Contact, Observation
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Level, Place
from lianfang.loop.models import Finding, Judgement
from lianfang.outlook.clusters import FINDING as CLUSTER
from lianfang.outlook.models import Focus
from lianfang.outlook.retention import drop_superseded
from lianfang.regions.flows import flows_of
from lianfang.regions.mart import Mart
from lianfang.regions.night import compute
from lianfang.regions.outlooks import score_run
from lianfang.regions.reading import unit_of
from lianfang.regions.selectors import outlook_rows
from lianfang.regions.services import take_published
from lianfang.regions.vocabulary import COLUMNS

DISEASE = "covid_19_cn_2020"
DAY = timedelta(days=1)
COUNTIES = ("420106", "420107", "420205")
pytestmark = pytest.mark.django_db


class Story:
    """Random acts on the facts, one after another."""

    def __init__(self, world, seed):
        self.world, self.draw, self.n = world, np.random.default_rng(seed), 0

    def act(self, at):
        """Do one of them at the moment."""
        names = ("publishes", "confirms", "excludes", "dies", "withdraws", "samples", "names", "sees", "corrects", "moves", "clusters", "dismisses")  # fmt: skip
        getattr(self, str(self.draw.choice(names)))(at)

    def one(self, rows):
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.model.objects.get(pk=self.draw.choice(ids)) if ids else None

    def publishes(self, at):
        day = at.date() - DAY
        codes = [code for code in ("4202", *COUNTIES) if self.draw.random() < 0.4]
        rows = [{"place": code, "on": day - DAY * int(self.draw.integers(0, 4)), "confirmed": int(self.draw.integers(0, 60)), "cured": int(self.draw.integers(0, 9))} for code in codes]  # fmt: skip
        take_published(disease=DISEASE, rows=rows, source="test", by=Actor.system("test"), at=at)

    def confirms(self, at):
        place = self.world.places[str(self.draw.choice(COUNTIES))]
        self.n += 1
        case = Case.objects.create(
            number=f"R{self.n}", person=a_person(self.world, place.code), disease=DISEASE, place=place, path=place.path,
            residence_path=place.path, opened_at=at, classification="confirmed", classified_at=at,
            confirmed_at=at - DAY, onset_on=at.date() - 4 * DAY, reported_at=at, diagnosed_at=at,
        )  # fmt: skip
        StatusChange.objects.create(case=case, before="", after="confirmed", at=at)

    def excludes(self, at):
        case = self.one(Case.objects.filter(classification="confirmed"))
        if case:
            StatusChange.objects.create(case=case, before="confirmed", after="excluded", at=at)
            Case.objects.filter(pk=case.pk).update(
                classification="excluded", classified_at=at, confirmed_at=None
            )

    def dies(self, at):
        if case := self.one(Case.objects.filter(classification="confirmed")):
            Outcome.objects.create(case=case, kind="died", on=at.date(), occurred_at=at, recorded_at=at)

    def withdraws(self, at):
        if row := self.one(Outcome.objects.current()):
            Outcome.objects.filter(pk=row.pk).update(superseded_at=at)

    def samples(self, at):
        if case := self.one(Case.objects.all()):
            self.n += 1
            Sample.objects.create(case=case, number=f"S{self.n}", specimen="nasopharyngeal_swab", occurred_at=at, recorded_at=at)  # fmt: skip

    def names(self, at):
        if case := self.one(Case.objects.all()):
            place = self.world.places[str(self.draw.choice(["420106001", "420107001", "420205"]))]
            Contact.objects.create(
                disease=DISEASE, person=a_person(self.world, place.code), case=case, place=place, path=place.path, named_at=at,
                last_contact_on=at.date() - DAY, observe_from_on=at.date(), observe_until_on=at.date() + 14 * DAY, visit_until_on=at.date() + 14 * DAY,
            )  # fmt: skip

    def sees(self, at):
        if contact := self.one(Contact.objects.all()):
            Observation.objects.create(
                contact=contact, on=at.date(), seen="seen_ok", occurred_at=at, recorded_at=at
            )

    def corrects(self, at):
        if case := self.one(Case.objects.filter(classification="confirmed")):
            Case.objects.filter(pk=case.pk).update(onset_on=at.date() - int(self.draw.integers(2, 9)) * DAY)

    def moves(self, at):
        if case := self.one(Case.objects.all()):
            place = self.world.places[str(self.draw.choice([*COUNTIES, "420106001", "4201"]))]
            county = self.world.places[place.code[:6]]
            Case.objects.filter(pk=case.pk).update(place=county, path=county.path, residence_path=place.path)

    def clusters(self, at):
        cases = list(Case.objects.filter(classification="confirmed").order_by("-pk")[:3])
        if len(cases) > 1:
            place = self.world.places["42"]
            self.n += 1
            focus = Focus.objects.create(
                disease=DISEASE, kind="event", key=f"k{self.n}", place=place, path=place.path, is_cluster=True,
                n_cases=len(cases), first_on=at.date(), last_on=at.date(), identified_at=at,
            )  # fmt: skip
            focus.cases.set(cases)

    def dismisses(self, at):
        if focus := self.one(Focus.objects.all()):
            finding, _ = Finding.objects.get_or_create(
                kind=CLUSTER, subject="outlook.Focus", subject_id=focus.pk, place=focus.place, path=focus.path,
                defaults={"evidence": {}, "found_at": at, "due_at": at},
            )  # fmt: skip
            Judgement.objects.create(finding=finding, decision=str(self.draw.choice(["dismissed", "confirmed"])), reason="-", at=at)  # fmt: skip


def rows_of(table):
    found = Counter()
    for row in table.to_pylist():
        found[row["path"], row["day"], row["measure"], row["known"]] += row["n"]
    return {key: n for key, n in found.items() if n}


@pytest.mark.parametrize("seed", range(3))
def test_night_after_night_the_same_as_a_mart_built_anew(world, seed, tmp_path):
    """Facts of every kind come, are corrected, moved and withdrawn; some nights bring nothing, one is left out."""
    story = Story(world, seed)
    areas = list(Place.objects.filter(level__lte=Level.COUNTY).values_list("path", flat=True))
    mart = Mart(DISEASE, tmp_path / "kept")
    read = Counter()
    for night in range(14):
        at = NOON + night * DAY
        for k in range(0 if night % 5 == 3 else 3):
            story.act(at + k * timedelta(minutes=1))
        if night == 6:
            continue
        done = mart.refresh(at=at + timedelta(hours=2))
        read.update(done.read)
        anew = Mart(DISEASE, tmp_path / f"anew{night}")
        anew.refresh(at=at + timedelta(hours=2))
        if anew.span is None:
            continue
        assert mart.span == anew.span
        assert (
            rows_of(mart.flows_in("CN."))
            == rows_of(anew.flows_in("CN."))
            == rows_of(flows_of(DISEASE, "CN."))
        )
        one, other = mart.read(areas), anew.read(areas)
        for name in COLUMNS:
            np.testing.assert_array_equal(one[name], other[name], err_msg=f"{name} in night {night}")
    assert sum(read.values()) < 3 * 13, "not everything is read each night"


def test_only_the_county_with_new_facts_is_read_and_counted_again(world):
    rows = [{"place": code, "on": date(2020, 2, 10), "confirmed": 5} for code in COUNTIES]
    who = {"disease": DISEASE, "source": "test", "by": Actor.system("test")}
    take_published(rows=rows, at=NOON, **who)
    mart = Mart(DISEASE)
    mart.refresh(at=NOON + DAY)
    take_published(rows=[{"place": "420107", "on": date(2020, 2, 11), "confirmed": 7}], at=NOON + DAY, **who)
    done = mart.refresh(at=NOON + 2 * DAY)
    assert done.read == ("CN.42.4201.420107.",)
    assert done.areas == ("CN.", "CN.42.", "CN.42.4201.", "CN.42.4201.420107.")
    panel = mart.read(["CN.", "CN.42.4201.420106.", "CN.42.4201.420107."])
    assert panel.last == date(2020, 2, 13)
    assert panel["total"][-1].tolist() == [17, 5, 7]
    assert panel["quiet_days"][-1].tolist() == [2, 3, 2]
    idle = mart.refresh(at=NOON + 3 * DAY)
    assert (idle.read, idle.areas) == ((), ())
    assert mart.read(["CN."])["quiet_days"][-1, 0] == 3


def test_what_stands_above_the_county_makes_its_province_be_read_whole(world):
    case = confirm_one(world)
    mart = Mart(DISEASE)
    mart.refresh(at=NOON + DAY)
    city = world.places["4201"]
    Case.objects.filter(pk=case.pk).update(place=city, path=city.path, residence_path="CN.42.4201.420107.")
    assert set(mart.refresh(at=NOON + DAY).read) > {"CN.42.4201.", "CN.42.4201.420106."}
    assert mart.read(["CN.42.4201.420106.", "CN.42.4201.420107."])["total"][-1].tolist() == [0, 1]
    Case.objects.filter(pk=case.pk).update(path="CN.42.4201.420106.", residence_path="CN.42.4201.420106.")
    mart.refresh(at=NOON + DAY)
    assert mart.read(["CN.42.4201.420106.", "CN.42.4201.420107."])["total"][-1].tolist() == [1, 0]


def test_a_reader_of_the_old_manifest_still_finds_its_files(world, tmp_path):
    confirm_one(world)
    mart = Mart(DISEASE, tmp_path / "mart")
    mart.refresh(at=NOON + DAY)
    old = mart.manifest()
    files = [one[kind] for one in old["parts"].values() for kind in ("flows", "indicators")]
    (mart.root / "indicators-CN.9.part").write_bytes(b"half written")
    mart.refresh(at=NOON + 2 * DAY)
    assert all((mart.root / name).exists() for name in files), "who read the old manifest may open them"
    assert not list(mart.root.glob("*.part"))
    held = pq.ParquetFile(mart.root / old["parts"]["CN.42."]["indicators"])
    mart.refresh(at=NOON + 3 * DAY)
    assert not (mart.root / old["parts"]["CN.42."]["indicators"]).exists()
    assert held.read().num_rows > 0, "who holds one open reads on"
    named = {one[kind] for one in mart.manifest()["parts"].values() for kind in ("flows", "indicators")}
    named.add(mart.manifest()["delays"])
    assert {file.name for file in mart.root.glob("*.parquet")} == named | set(mart.manifest()["left"])


def test_units_are_counties_and_what_stands_above_them():
    assert unit_of("CN.42.4201.420106.420106001.") == "CN.42.4201.420106."
    assert unit_of("CN.42.4201.") == "CN.42.4201."


def test_the_file_of_a_run_goes_with_the_run_and_a_reader_is_not_disturbed(world, settings):
    """Runs of one day: the earlier ones are dropped after a month, and the next night removes their files."""
    confirm_one(world)
    folder = Path(settings.REGIONS_DIR) / DISEASE / "outlooks"
    first = compute(DISEASE, at=NOON + DAY).run
    confirm_one(world, county="420106")
    second = compute(DISEASE, at=NOON + DAY + timedelta(hours=1)).run
    assert first.result["file"] != second.result["file"]
    held = pq.ParquetFile(folder / first.result["file"])
    stray = folder / "outlook-of-a-night-that-broke-off.parquet"
    fresh = folder / "outlook-not-yet-committed.parquet"
    late = NOON + 40 * DAY
    for file in (*folder.glob("*.parquet"), stray, fresh):
        file.touch()
        moment = (late if file == fresh else NOON).timestamp()
        os.utime(file, (moment, moment))
    assert drop_superseded(at=late, by=Actor.system("test")) == 1
    compute(DISEASE, at=late)
    assert not (folder / first.result["file"]).exists()
    assert not stray.exists()
    assert (folder / second.result["file"]).exists(), "its run is kept: the last of its day"
    assert fresh.exists(), "its run may not be committed yet"
    assert held.read().num_rows == 0
    assert outlook_rows(first, DISEASE, ["CN."]) == {}, (
        "a page that still shows the dropped run finds nothing, and does not break"
    )
    assert score_run(first, 1, Mart(DISEASE).read(["CN."]), Mart(DISEASE)) is None
