"""Files of other systems, as they are: SORMAS's own import tests, Go.Data's training outbreak, public line lists."""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.apps.intake.importing import Desk, load_places

from lianfang.cases.models import Case, EpiLink, Result, Sample
from lianfang.contacts.models import Closing, Contact, Observation
from lianfang.core.registry.models import ExternalNumber, Level, Person, Place
from lianfang.intake.errors import NotTakenIn
from lianfang.intake.models import Signal

pytestmark = pytest.mark.django_db

LATER = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def sormas(wide_desk: Desk) -> Desk:
    load_places(
        ("Abia", "Umuahia North", "Urban Ward 2"),
        ("Abia", "Bende", "Bende Ward"),
        ("Abia", "Osisioma Ngwa"),
        ("Saarland", "RV Saarbrücken", "Kleinblittersdorf"),
        ("Region", "District", "Community"),
        root=wide_desk.world.places["CN"],
    )
    return wide_desk


def take(desk: Desk, file: Path, **options: object):
    return desk.take(file, at=LATER, **options)


def rules_of(report) -> dict[str, int]:
    return dict(report.rules)


def test_sormas_good_rows(sormas: Desk, shared_data: Path) -> None:
    folder = shared_data / "import_sormas"
    _, report = take(sormas, folder / "sormas_import_test_success.csv")
    assert (report.created, report.parked) == (5, 0), report.problems
    first = Case.objects.get(number="ABC-DEF-GHI-19-1")
    assert first.disease == "ebola"
    assert first.person.birth_year == 2000
    assert [c.reported_at.astimezone().date().isoformat() for c in Case.objects.order_by("number")][3:] == [
        "2018-11-23",
        "2018-11-24",
    ], "11-23-2018 and 11.24.2018 are November"
    # The row of the near-duplicate file is person One again, under another number.
    _, near = take(sormas, folder / "sormas_import_test_similarities.csv")
    assert near.parked == 0
    assert near.matched + near.undecided == 1
    assert Case.objects.count() == 5 + near.undecided


def test_sormas_samples_and_tests(sormas: Desk, shared_data: Path) -> None:
    folder = shared_data / "import_sormas"
    codings = {"disease": {"CORONAVIRUS": "covid_19"}}
    _, report = take(sormas, folder / "sormas_case_import_test_samples.csv", codings=codings)
    assert (report.created, report.parked) == (3, 0), report.problems
    assert Counter(Sample.objects.values_list("case__person__pk", flat=True)).values()
    assert Sample.objects.count() == 3
    _, tests = take(sormas, folder / "sormas_case_import_test_pathogen_tests.csv", codings=codings)
    assert (tests.created, tests.changed, tests.parked) == (0, 3, 0), tests.problems
    assert sorted(Result.objects.values_list("sample__case__number", "kind", "finding")) == [
        ("ABC-DEF-GHI-19-1", "antibody", "positive"),
        ("ABC-DEF-GHI-19-2", "antibody", "positive"),
        ("ABC-DEF-GHI-19-3", "antibody", "positive"),
        ("ABC-DEF-GHI-19-3", "antigen", "pending"),
        ("ABC-DEF-GHI-19-3", "rapid_test", "negative"),
    ]
    _, address = take(sormas, folder / "sormas_case_import_address_type.csv", codings=codings)
    assert (address.created, address.parked) == (3, 0), address.problems


def test_sormas_faulty_rows_are_each_parked_with_the_reason(sormas: Desk, shared_data: Path) -> None:
    folder = shared_data / "import_sormas"
    _, report = take(sormas, folder / "sormas_import_test_errors.csv")
    assert (report.created, report.parked) == (0, 5)
    parked = {s.row: [(p["column"], p["rule"]) for p in s.problems] for s in Signal.objects.order_by("row")}
    assert parked == {
        3: [("person.firstName", "required.missing")],
        4: [("disease", "required.missing")],
        5: [("person.sex", "sex.unknown_word")],
        6: [("district", "required.missing")],
        7: [("county", "place.unknown")],
    }
    _, failure = take(sormas, folder / "sormas_import_test_failure.csv")
    assert failure.created + failure.parked == 5
    plan_fields = Signal.objects.order_by("pk").last().batch.mapping.columns
    assert "wrongColumn" not in plan_fields


def test_sormas_line_list(sormas: Desk, shared_data: Path) -> None:
    _, report = take(sormas, shared_data / "import_sormas" / "sormas_import_test_line_listing.csv")
    assert (report.created, report.parked) == (1, 4)
    assert report.rules["disease.no_pack"] == 4  # cholera, dengue, monkeypox: no rules for them here
    case = Case.objects.get()
    assert (case.disease, case.onset_on.isoformat()) == ("measles", "2019-11-18")


def test_sormas_contacts(sormas: Desk, shared_data: Path) -> None:
    folder = shared_data / "import_sormas"
    _, report = take(sormas, folder / "sormas_case_contact_import_test_success.csv")
    assert (report.created, report.parked) == (5, 0), report.problems
    assert {c.named_at.astimezone().date().isoformat() for c in Contact.objects.all()} == {
        "2020-03-11",
        "2020-03-12",
        "2020-03-13",
    }
    _, near = take(sormas, folder / "sormas_case_contact_import_test_similarities.csv")
    assert near.matched + near.undecided == 1  # Günther Heinze again
    assert Person.objects.filter(contacts__isnull=False).distinct().count() == 5 + near.undecided
    _, waiting = take(sormas, folder / "sormas_contact_import_test.csv", defaults={"disease": "covid_19"})
    assert waiting.rules["case.unknown"] == 2
    assert (waiting.parked, waiting.created) == (
        2,
        1,
    )  # "Unknown" is no case number: a contact whose case nobody knows


@pytest.mark.parametrize(
    "name",
    [
        "sormas_district_bom_test",
        "sormas_district_import_test",
        "sormas_facility_import_test",
        "sormas_event_import_test_success",
        "sormas_eventparticipant_import_test_success",
    ],
)
def test_sormas_files_of_other_kinds_are_refused_with_where_they_go(
    sormas: Desk, shared_data: Path, name: str
) -> None:
    with pytest.raises(NotTakenIn) as refused:
        sormas.receive(shared_data / "import_sormas" / f"{name}.csv", at=LATER)
    assert refused.value.advice


@pytest.fixture
def training(wide_desk: Desk, shared_data: Path) -> tuple[Desk, Path]:
    folder = shared_data / "import_godata_training"
    root = wide_desk.world.places["CN"]
    for name in ("cases_clean", "contacts_clean", "followups_clean"):
        for row in csv.DictReader((folder / f"{name}.csv").read_text(encoding="utf-8-sig").splitlines()):
            above = root
            for n, level in enumerate((Level.PROVINCE, Level.PREFECTURE, Level.COUNTY, Level.TOWNSHIP)):
                code, text = row.get(f"admin_{n}_location_id"), row.get(f"admin_{n}_name")
                if code and text:
                    short = code[:24]
                    above, _ = Place.objects.get_or_create(
                        code=short,
                        defaults={
                            "name": text,
                            "level": level,
                            "parent": above,
                            "path": f"{above.path}{short}.",
                        },
                    )
                    ExternalNumber.objects.get_or_create(
                        system="county-file",
                        record="registry.Place",
                        number=code,
                        defaults={"record_id": above.pk},
                    )
    return wide_desk, folder


def test_godata_training_outbreak_has_the_same_tallies(training: tuple[Desk, Path]) -> None:
    desk, folder = training
    ebola = {"defaults": {"disease": "ebola"}}
    files = ("cases", "contacts", "relationships", "followups", "lab_results")
    reports = {name: take(desk, folder / f"{name}_clean.csv", **ebola)[1] for name in files}
    parked = {name: report.parked for name, report in reports.items() if report.parked}
    assert not parked, {name: rules_of(reports[name]) for name in parked}
    assert Case.objects.count() == 56
    assert Person.objects.filter(contacts__isnull=False).distinct().count() == 66
    assert Observation.objects.count() == 437
    assert Counter(Observation.objects.values_list("seen", flat=True)) == {
        "not_performed": 326,
        "seen_ok": 90,
        "missed": 10,
        "seen_not_ok": 6,
        "not_attempted": 5,
    }
    # 100 relationships: 65 case-contact, 21 case-case, 14 between a case and a gathering.
    ties = Contact.objects.filter(case__isnull=False).count()
    links = EpiLink.objects.filter(source_case__isnull=False).count()
    gatherings = EpiLink.objects.filter(kind="clustered_illness").count()
    assert (ties, links, gatherings) == (65, 21, 14)
    assert Sample.objects.count() == 40
    assert Counter(Result.objects.values_list("finding", flat=True)) == {
        "positive": 27,
        "negative": 2,
        "indeterminate": 1,
    }
    assert Closing.objects.filter(status="lost").count() == 6
    for name in files:
        again = take(desk, folder / f"{name}_clean.csv", **ebola)[1]
        assert (again.created, again.changed) == (0, 0), name


def test_mers_korea(wide_desk: Desk, shared_data: Path) -> None:
    folder = shared_data / "chains_mers_korea_2015"
    said = {"defaults": {"disease": "mers", "classification": "confirmed"}, "unknown_place": "default"}
    _, cases = take(wide_desk, folder / "linelist.csv", **said)
    assert (cases.created, cases.parked) == (162, 0), cases.problems
    _, pairs = take(wide_desk, folder / "contacts.csv")
    assert (pairs.created, pairs.parked) == (98, 0), pairs.problems
    by_source = Counter(
        EpiLink.objects.filter(source_case__isnull=False).values_list("source_case__number", flat=True)
    )
    assert [by_source[n] for n in ("SK_14", "SK_1", "SK_16")] == [38, 26, 21]


def test_messy_line_list(wide_desk: Desk, shared_data: Path) -> None:
    """5,000 rows of which 1,080 are spoilt: every one is read or parked with its reason; nothing disappears."""
    file = shared_data / "linelist_messy_15k" / "messy_first_5000.csv"
    batch, report = take(wide_desk, file, defaults={"disease": "ebola"}, unknown_place="default")
    assert report.created + report.changed + report.unchanged + report.parked == 5000
    assert rules_of(report)["date.no_year"] == 440  # "Jun /23/Y"
    assert rules_of(report)["number.used_twice"] == 160
    assert report.parked == 541
    assert report.created == 4459
    decided = {(d["column"], d["rule"]): d["chosen"] for d in batch.report["decisions"]}
    assert decided["date_onset", "date.numbers"] == "r"
    assert decided["date_sample", "date.order:/4"] == "mdy"
    assert decided["date_sample", "date.order:/_2"] == "dmy"
    print(f"messy: {report.created} read, {report.parked} parked, {rules_of(report)}")
