"""SORMAS's import templates: the line list of 23 columns, the detailed case file with samples and tests, contacts.

Dates are written as SORMAS in English reads them, month before day and without the hour. The receiving SORMAS must have
the region, district, community and facility under these names.
"""

from collections.abc import Callable, Iterator

from django.utils.translation import gettext_lazy as _

from lianfang.intake.formats.sormas import LINE_LIST, OTHER_DISEASE
from lianfang.intake.records.words import CLASSES, DISEASES, FINDINGS, OUTCOMES, SIGNS, SPECIMENS, TESTS
from lianfang.intake.shapes.base import (
    Column,
    Columns,
    Shape,
    Values,
    born,
    day_of,
    first_words,
    fixed,
    text,
    token,
)

# What SORMAS has an enum value for; of the rest it knows OTHER with details.
_DISEASE = {code: word for code, word in first_words(DISEASES, mpox="MONKEYPOX").items() if code != "mers"}
_CLASS, _OUTCOME, _FINDING, _TEST = map(first_words, (CLASSES, OUTCOMES, FINDINGS, TESTS))
_SPECIMEN = first_words(
    SPECIMENS, nasopharyngeal_swab="NP_SWAB", respiratory="OTHER", serum="SERA", oral_swab="SALIVA"
)
_SEX = {"male": "MALE", "female": "FEMALE", "other": "OTHER"}
_FOLLOW_UP = {
    "follow_up": "FOLLOW_UP", "completed": "COMPLETED", "cancelled": "CANCELED", "lost": "LOST", "no_follow_up": "NO_FOLLOW_UP",
}  # fmt: skip
# SORMAS keeps beside it where the contact stands as a contact; a contact that became a case has this word only.
_CONTACT_STATUS = {
    "follow_up": "ACTIVE", "completed": "ACTIVE", "lost": "ACTIVE", "cancelled": "DROPPED", "no_follow_up": "DROPPED",
    "became_case": "CONVERTED",
}  # fmt: skip
_SAMPLES, _TESTS = 3, 2


def _day(code: str) -> Callable[[Values], str]:
    def write(row: Values) -> str:
        on = day_of(row.get(code))
        return f"{on:%m/%d/%Y}" if on else ""

    return write


def _yes_no(code: str) -> Callable[[Values], str]:
    def write(row: Values) -> str:
        value = row.get(code)
        return "" if value is None else "YES" if value in (True, "yes") else "NO"

    return write


def _known_disease(row: Values) -> str:
    code = str(row.get("disease") or "")
    return next((base for base in _DISEASE if code == base or code.startswith(f"{base}_")), "")


def _disease(row: Values) -> str:
    base = _known_disease(row)
    return _DISEASE[base] if base else OTHER_DISEASE if row.get("disease") else ""


def _details(row: Values) -> str:
    return "" if _known_disease(row) else str(row.get("disease") or "")


def _part_of_birth(which: int) -> Callable[[Values], str]:
    return lambda row: str(born(row)[which] or "")


_PERSON: dict[str, Callable[[Values], str]] = {
    "person.firstName": text("given_name"),
    "person.lastName": text("family_name"),
    "person.sex": token("sex", _SEX),
    "person.birthdateDD": _part_of_birth(2),
    "person.birthdateMM": _part_of_birth(1),
    "person.birthdateYYYY": _part_of_birth(0),
    "person.phone": text("phone"),
    "person.nationalHealthId": text("national_id"),
    "person.address.street": text("address"),
}
_CASE: dict[str, Callable[[Values], str]] = {
    "disease": _disease,
    "diseaseDetails": _details,
    "epidNumber": text("number"),
    "reportDate": _day("reported_at"),
    "caseClassification": token("classification", _CLASS),
    "classificationDate": _day("diagnosed_at"),
    "outcome": token("outcome", _OUTCOME),
    "outcomeDate": _day("outcome_on"),
    "responsibleRegion": text("region"),
    "responsibleDistrict": text("district"),
    "responsibleCommunity": text("community"),
    "facilityType": lambda row: "HOSPITAL" if row.get("hospital") else "",
    "healthFacility": text("hospital"),
    "pregnant": _yes_no("pregnant"),
    "caseOrigin": fixed("IN_COUNTRY"),
    **_PERSON,
    "hospitalization.admissionDate": _day("admitted_on"),
    "hospitalization.dischargeDate": _day("discharged_on"),
    "symptoms.onsetDate": _day("onset_on"),
    "symptoms.temperature": text("temperature"),
    **{f"symptoms.{names[0]}": _yes_no(f"sign.{code}") for code, (_en, _zh, names) in SIGNS.items() if names},
    "epiData.contactWithSourceCaseKnown": _yes_no("contact_with_case"),
    "epiData.highTransmissionRiskArea": _yes_no("travelled"),
}
_CONTACT: dict[str, Callable[[Values], str]] = {
    "caseIdExternalSystem": text("case_number"),
    "caseOrEventInformation": fixed(""),
    "disease": _disease,
    "diseaseDetails": _details,
    "reportDateTime": _day("named_at"),
    "region": text("region"),
    "district": text("district"),
    "community": text("community"),
    "firstContactDate": _day("first_contact_on"),
    "lastContactDate": _day("last_contact_on"),
    "contactProximityDetails": text("proximity"),
    "followUpStatus": token("status", _FOLLOW_UP),
    "contactStatus": token("status", _CONTACT_STATUS),
    "relationDescription": text("relation"),
    "externalID": text("external_id"),
    "highPriority": lambda row: "true" if row.get("high_risk") else "",
    "quarantineFrom": _day("notified_at"),
    **_PERSON,
}


def _entity(name: str) -> str:
    for prefix, entity in (("person.address.", "Location"), ("person.", "Person"), ("symptoms.", "Symptoms")):
        if name.startswith(prefix):
            return entity
    return "CaseData"


def _blocks() -> Iterator[Column]:
    for s in range(1, _SAMPLES + 1):
        sample: dict[str, Callable[[Values], str]] = {
            "labSampleID": text(f"sample.number#{s}"),
            "sampleDateTime": _day(f"sample.taken_at#{s}"),
            "sampleMaterial": token(f"sample.specimen#{s}", _SPECIMEN),
            "samplePurpose": _when(f"sample.number#{s}", "EXTERNAL"),
            "lab": text(f"sample.laboratory#{s}"),
            "receivedDate": _day(f"sample.received_at#{s}"),
        }
        yield from (Column(name, write, "Sample") for name, write in sample.items())
        for t in range(1, _TESTS + 1):
            key = f"{s}.{t}"
            test: dict[str, Callable[[Values], str]] = {
                "testedDisease": _tested(f"result.kind#{key}"),
                "testType": token(f"result.kind#{key}", _TEST),
                "testDateTime": _day(f"result.at#{key}"),
                "lab": _if_any(f"result.kind#{key}", f"sample.laboratory#{s}"),
                "testResult": token(f"result.finding#{key}", _FINDING),
                "testResultVerified": _when(f"result.kind#{key}", "true"),
                "cqValue": text(f"result.value#{key}"),
                "externalId": text(f"result.key#{key}"),
            }
            yield from (Column(name, write, "PathogenTest") for name, write in test.items())


def _when(code: str, value: str) -> Callable[[Values], str]:
    return lambda row: value if row.get(code) else ""


def _if_any(code: str, other: str) -> Callable[[Values], str]:
    return lambda row: str(row.get(other) or "") if row.get(code) else ""


def _tested(code: str) -> Callable[[Values], str]:
    return lambda row: _disease(row) if row.get(code) else ""


_LINE = {**_CASE, **dict.fromkeys(set(LINE_LIST) - set(_CASE), fixed(""))}
SORMAS_LINE_LIST = Shape(
    "sormas_line_list",
    _("SORMAS line list (23 columns)"),
    {"case": Columns([Column(name, _LINE[name]) for name in LINE_LIST])},
)
SORMAS = Shape(
    "sormas",
    _("SORMAS detailed import"),
    {
        "case": Columns(
            [*(Column(name, write, _entity(name)) for name, write in _CASE.items()), *_blocks()],
            with_entities=True,
        ),
        "contact": Columns(
            [Column(name, write, "Contact") for name, write in _CONTACT.items()], with_entities=True
        ),
    },
)
