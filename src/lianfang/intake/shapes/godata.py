"""Go.Data's import with database names for columns and tokens for values: cases, contacts, ties, visits, results.

Days are midnight in UTC, as Go.Data keeps them; moments keep their hour. `locationId` is our code of the place: a Go.Data
that was loaded with other numbers maps them at its import. What Go.Data has no token for (an infection without
symptoms) gets one in the same form, which its reference data must hold.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from lianfang.intake.shapes.base import (
    Column,
    Columns,
    Shape,
    Values,
    born,
    fixed,
    is_midnight,
    text,
    token,
    upper,
)

_DATA = "LNG_REFERENCE_DATA_"
_CATEGORY = f"{_DATA}CATEGORY_"
_CLASS = {
    "not_classified": "UNCLASSIFIED", "suspected": "SUSPECT", "probable": "PROBABLE", "confirmed": "CONFIRMED",
    "asymptomatic": "CONFIRMED_NO_SYMPTOMS", "excluded": "NOT_A_CASE_DISCARDED",
}  # fmt: skip
_OUTCOME = {"ill": "ALIVE", "recovered": "RECOVERED", "died": "DECEASED"}
_RESULT = {"positive": "POSITIVE", "negative": "NEGATIVE", "indeterminate": "INCONCLUSIVE"}
_STATUS = {"pending": "IN_PROGRESS"}
_SEX = {"male": "MALE", "female": "FEMALE"}
_PREGNANT = {"yes": "YES_TRIMESTER_UNKNOWN", "no": "NOT_PREGNANT"}
_CERTAINTY = {"low": "1_LOW", "medium": "2_MEDIUM", "high": "3_HIGH"}
_SEEN = {
    "seen_ok": "SEEN_OK", "seen_not_ok": "SEEN_NOT_OK", "missed": "MISSED", "not_attempted": "NOT_ATTEMPTED",
    "not_performed": "NOT_PERFORMED",
}  # fmt: skip
_FINAL = {
    "follow_up": "UNDER_FOLLOW_UP", "completed": "FOLLOW_UP_COMPLETED", "lost": "LOST_TO_FOLLOW_UP",
}  # fmt: skip


def _at(code: str) -> Callable[[Values], str]:
    def write(row: Values) -> str:
        value = row.get(code)
        if value is None:
            return ""
        if isinstance(value, datetime) and not is_midnight(value):
            # Reckoned to the second: Go.Data writes thousandths, which we do not keep.
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        return f"{value:%Y-%m-%d}T00:00:00.000Z"

    return write


def _dob(row: Values) -> str:
    year, month, day = born(row)
    return f"{year:04d}-{month:02d}-{day:02d}T00:00:00.000Z" if year and month and day else ""


def _age(code: str) -> Callable[[Values], str]:
    def write(row: Values) -> str:
        year, month, _day = born(row)
        at: Any = row.get(code)
        return "" if year is None or month is not None or at is None else str(at.year - year)

    return write


def _if(code: str, value: str) -> Callable[[Values], str]:
    return lambda row: value if row.get(code) else ""


def _person(age_at: str) -> dict[str, Callable[[Values], str]]:
    return {
        "firstName": text("given_name"),
        "middleName": fixed(""),
        "lastName": text("family_name"),
        "gender": token("sex", _SEX, prefix=f"{_CATEGORY}GENDER_"),
        "occupation": text("occupation"),
        "age.years": _age(age_at),
        "dob": _dob,
    }


_ADDRESS: dict[str, Callable[[Values], str]] = {
    "documents [1].type": _if("national_id", f"{_CATEGORY}DOCUMENT_TYPE_NATIONAL_ID_CARD"),
    "documents [1].number": text("national_id"),
    "addresses [1].typeId": fixed(f"{_CATEGORY}ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE"),
    "addresses [1].addressLine1": text("address"),
    "addresses [1].locationId": text("place_code"),
    "addresses [1].phoneNumber": text("phone"),
}
_STAY = ("hospital", "admitted_on", "discharged_on")
_CASE: dict[str, Callable[[Values], str]] = {
    "visualId": text("number"),
    **_person("reported_at"),
    "classification": token("classification", _CLASS, prefix=f"{_CATEGORY}CASE_CLASSIFICATION_"),
    "dateOfInfection": _at("infected_on"),
    "dateOfOnset": _at("onset_on"),
    "dateOfReporting": _at("reported_at"),
    "outcomeId": token("outcome", _OUTCOME, prefix=f"{_CATEGORY}OUTCOME_"),
    "dateOfOutcome": _at("outcome_on"),
    "pregnancyStatus": token("pregnant", _PREGNANT, prefix=f"{_CATEGORY}PREGNANCY_STATUS_"),
    **_ADDRESS,
    "dateRanges [1].typeId": lambda row: (
        f"{_CATEGORY}PERSON_DATE_TYPE_HOSPITALIZATION" if any(row.get(code) for code in _STAY) else ""
    ),
    "dateRanges [1].startDate": _at("admitted_on"),
    "dateRanges [1].endDate": _at("discharged_on"),
    "dateRanges [1].centerName": text("hospital"),
}
_TIE: dict[str, Callable[[Values], str]] = {
    "certaintyLevelId": token("certainty", _CERTAINTY, prefix=f"{_CATEGORY}CERTAINTY_LEVEL_"),
    "exposureTypeId": text("proximity"),
    "socialRelationshipTypeId": upper("setting", prefix=f"{_CATEGORY}CONTEXT_OF_TRANSMISSION_"),
    "socialRelationshipDetail": text("relation"),
}
_CONTACT: dict[str, Callable[[Values], str]] = {
    "visualId": text("external_id"),
    **_person("named_at"),
    "dateOfReporting": _at("named_at"),
    "dateBecomeContact": _at("named_at"),
    "dateOfLastContact": _at("last_contact_on"),
    "riskLevel": lambda row: f"{_CATEGORY}RISK_LEVEL_3_HIGH" if row.get("high_risk") else "",
    "followUp.startDate": _at("notified_at"),
    "followUp.status": token("status", _FINAL, prefix=f"{_DATA}CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_"),
    **_ADDRESS,
    "relationship.relatedId": text("case_number"),
    "relationship.contactDate": _at("last_contact_on"),
    "relationship.contactDateEstimated": fixed("FALSE"),
    **{f"relationship.{name}": write for name, write in _TIE.items()},
}
_RELATIONSHIP: dict[str, Callable[[Values], str]] = {
    "persons [1].id": text("source_number"),
    "persons [1].type": fixed(f"{_CATEGORY}PERSON_TYPE_CASE"),
    "persons [1].source": fixed("TRUE"),
    "persons [2].id": lambda row: str(row.get("target_number") or row.get("target_id") or ""),
    "persons [2].type": lambda row: (
        f"{_CATEGORY}PERSON_TYPE_{'CASE' if row.get('target_number') else 'CONTACT'}"
    ),
    "persons [2].target": fixed("TRUE"),
    "dateOfFirstContact": _at("first_contact_on"),
    "contactDate": _at("last_contact_on"),
    "contactDateEstimated": fixed("FALSE"),
    **_TIE,
}
_FOLLOW_UP: dict[str, Callable[[Values], str]] = {
    "id": text("external_id"),
    "date": _at("on"),
    "personId": text("contact_id"),
    "statusId": token("seen", _SEEN, prefix=f"{_DATA}CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE_"),
    "targeted": fixed("TRUE"),
    "comment": text("signs"),
}
_LAB: dict[str, Callable[[Values], str]] = {
    "id": text("result_key"),
    "personId": text("case_number"),
    "dateSampleTaken": _at("sampled_at"),
    "dateSampleDelivered": _at("received_at"),
    "dateOfResult": _at("resulted_at"),
    "labName": text("laboratory"),
    "sampleIdentifier": text("sample_number"),
    "sampleType": upper("specimen", prefix=f"{_CATEGORY}TYPE_OF_SAMPLE_"),
    "testType": upper("test", prefix=f"{_CATEGORY}TYPE_OF_LAB_TEST_"),
    "result": token("finding", _RESULT, prefix=f"{_CATEGORY}LAB_TEST_RESULT_"),
    "quantitativeResult": text("value"),
    "status": token("finding", _STATUS, prefix=f"{_CATEGORY}LAB_TEST_RESULT_STATUS_"),
}


def _sheet(columns: dict[str, Callable[[Values], str]]) -> Columns:
    return Columns([Column(name, write) for name, write in columns.items()])


GODATA = Shape(
    "godata",
    _("Go.Data"),
    {
        "case": _sheet(_CASE),
        "contact": _sheet(_CONTACT),
        "relationship": _sheet(_RELATIONSHIP),
        "follow_up": _sheet(_FOLLOW_UP),
        "lab_result": _sheet(_LAB),
    },
)
