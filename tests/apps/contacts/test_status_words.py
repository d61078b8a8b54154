"""The statuses of Go.Data and SORMAS and ours: each word of theirs is one of ours, and each of ours is one of theirs."""

import csv
from pathlib import Path

import pytest

from lianfang.contacts.models import FollowUp, Seen
from lianfang.intake.records import CONTACT, FOLLOW_UP
from lianfang.intake.shapes.godata import _FOLLOW_UP as TO_GODATA
from lianfang.intake.shapes.sormas import _CONTACT as TO_SORMAS

# SORMAS FollowUpStatus; `became a case` is its ContactStatus CONVERTED.
SORMAS = {
    "FOLLOW_UP": FollowUp.UNDER,
    "COMPLETED": FollowUp.COMPLETED,
    "CANCELED": FollowUp.CANCELLED,
    "LOST": FollowUp.LOST,
    "NO_FOLLOW_UP": FollowUp.NONE,
    "CONVERTED": FollowUp.BECAME_CASE,
}
SORMAS_COLUMNS = {"followUpStatus", "contactStatus"}
GODATA_SEEN = {
    "SEEN_OK": Seen.SEEN_OK,
    "SEEN_NOT_OK": Seen.SEEN_NOT_OK,
    "MISSED": Seen.MISSED,
    "NOT_ATTEMPTED": Seen.NOT_ATTEMPTED,
    "NOT_PERFORMED": Seen.NOT_PERFORMED,
}
GODATA_STATUS = {
    "UNDER_FOLLOW_UP": FollowUp.UNDER,
    "FOLLOW_UP_COMPLETED": FollowUp.COMPLETED,
    "LOST_TO_FOLLOW_UP": FollowUp.LOST,
    "BECAME_CASE": FollowUp.BECAME_CASE,
    "DIED": FollowUp.NONE,  # nobody observes the dead; Go.Data has no word for "not needed"
}

# SORMAS VisitStatus has three words, and its ContactStatus three: each is one of ours.
SORMAS_VISIT = {
    "COOPERATIVE": Seen.SEEN_OK,
    "UNCOOPERATIVE": Seen.NOT_PERFORMED,
    "UNAVAILABLE": Seen.MISSED,
}
SORMAS_CONTACT = {
    "ACTIVE": FollowUp.UNDER,
    "CONVERTED": FollowUp.BECAME_CASE,
    "DROPPED": FollowUp.CANCELLED,
}


def words(record, code: str) -> dict[str, str]:
    field = next(each for each in record.fields if each.code == code)
    return {
        word.upper(): choice.code for choice in field.choices for word in (choice.code, *choice.spellings)
    }


def test_sormas_one_to_one() -> None:
    known = words(CONTACT, "status")
    assert {word: known[word] for word in SORMAS} == SORMAS
    assert sorted(SORMAS.values()) == sorted(FollowUp.values)


@pytest.mark.parametrize("status", FollowUp.values)
def test_sormas_both_ways(status: str) -> None:
    """What is told to SORMAS is, read back by our own words, the status that it was."""
    told = {name: write({"status": status}) for name, write in TO_SORMAS.items() if name in SORMAS_COLUMNS}
    known = words(CONTACT, "status")
    assert told["contactStatus"] in SORMAS_CONTACT
    assert known[told["followUpStatus"] or told["contactStatus"]] == status


@pytest.mark.parametrize("seen", Seen.values)
def test_godata_both_ways(seen: str) -> None:
    told = TO_GODATA["statusId"]({"seen": seen}).rpartition("STATUS_TYPE_")[2]
    assert GODATA_SEEN[told] == seen
    assert words(FOLLOW_UP, "seen")[told] == seen


def test_every_word_of_sormas_visits_and_contacts() -> None:
    seen, status = words(FOLLOW_UP, "seen"), words(CONTACT, "status")
    assert {word: seen[word] for word in SORMAS_VISIT} == SORMAS_VISIT
    assert {word: status[word] for word in SORMAS_CONTACT} == SORMAS_CONTACT
    for known in (SORMAS_VISIT, SORMAS_CONTACT):
        assert len(set(known.values())) == len(known), "two words of theirs must not fall together"


@pytest.mark.parametrize(("record", "code"), [(CONTACT, "status"), (FOLLOW_UP, "seen")])
def test_no_word_means_two_things(record, code: str) -> None:
    field = next(each for each in record.fields if each.code == code)
    said = [
        word.upper()
        for choice in field.choices
        for word in {choice.code.upper(), *map(str.upper, choice.spellings)}
    ]
    assert len(said) == len(set(said))


def test_godata_visits_one_to_one() -> None:
    known = words(FOLLOW_UP, "seen")
    assert {word: known[word] for word in GODATA_SEEN} == GODATA_SEEN
    assert sorted(GODATA_SEEN.values()) == sorted(Seen.values)


@pytest.mark.parametrize(
    ("file", "column", "wanted"),
    [
        ("contacts_clean", "contact_status", GODATA_STATUS),
        ("followups_clean", "followup_status", GODATA_SEEN),
    ],
)
def test_every_word_of_the_godata_files(
    shared_data: Path, file: str, column: str, wanted: dict[str, str]
) -> None:
    path = shared_data / "import_godata_training" / f"{file}.csv"
    with path.open(encoding="utf-8-sig", newline="") as lines:
        found = {row[column] for row in csv.DictReader(lines)}
    assert found == set(wanted)
    known = words(CONTACT, "status") if wanted is GODATA_STATUS else words(FOLLOW_UP, "seen")
    assert {word: known[word] for word in found} == {word: wanted[word] for word in found}


def test_every_word_of_the_sormas_files(shared_data: Path) -> None:
    folder, known = shared_data / "import_sormas", words(CONTACT, "status")
    for path in sorted(folder.glob("*contact*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
        columns = [n for n, name in enumerate(rows[1]) if name in {"followUpStatus", "contactStatus"}]
        assert {row[n].upper() for row in rows[2:] for n in columns if n < len(row) and row[n]} <= set(known)
