"""SORMAS import templates: the line list of 23 columns, and the detailed case and contact files.

Column names are SORMAS's property paths. Sample and test blocks repeat by repeating their columns; a test belongs to
the sample before it, so its repetition is written `#sample.test`.
"""

import re
from collections.abc import Mapping

from lianfang.intake.fields import plain
from lianfang.intake.formats.base import Recognised
from lianfang.intake.records.words import SIGNS
from lianfang.intake.table import Table

_SUFFIX = re.compile(r" \[\d+\]$")
OTHER_DISEASE = "OTHER"
LINE_LIST = (
    "disease", "diseaseDetails", "plagueType", "dengueFeverType", "rabiesType", "person.firstName", "person.lastName",
    "person.sex", "person.birthdateDD", "person.birthdateMM", "person.birthdateYYYY", "epidNumber", "reportDate",
    "caseOrigin", "responsibleRegion", "responsibleDistrict", "responsibleCommunity", "facilityType", "healthFacility",
    "healthFacilityDetails", "pointOfEntry", "pointOfEntryDetails", "symptoms.onsetDate",
)  # fmt: skip

_PERSON = {
    "person.firstName": "given_name",
    "person.lastName": "family_name",
    "person.sex": "sex",
    "person.birthdateDD": "birth_day",
    "person.birthdateMM": "birth_month",
    "person.birthdateYYYY": "birth_year",
    "person.approximateAge": "age",
    "person.approximateAgeType": "age_unit",
    "person.phone": "phone",
    "person.emailAddress": "email",
    "person.address.street": "address",
    "person.address.address": "address",
    "person.address.houseNumber": "house_number",
    "person.address.postalCode": "postal_code",
    "person.address.city": "city",
    "person.namesOfGuardians": "guardian",
    "person.nationalHealthId": "national_id",
    "person.passportNumber": "passport",
    "person.occupationType": "occupation",
}
_CASE = {
    **_PERSON,
    "disease": "disease",
    "epidNumber": "number",
    "externalID": "external_id",
    "reportDate": "reported_at",
    "caseClassification": "classification",
    "classificationDate": "diagnosed_at",
    "outcome": "outcome",
    "outcomeDate": "outcome_on",
    "person.deathDate": "died_on",
    "responsibleRegion": "province",
    "responsibleDistrict": "county",
    "responsibleCommunity": "township",
    "region": "province",
    "district": "county",
    "community": "township",
    "healthFacility": "hospital",
    "hospitalization.admissionDate": "admitted_on",
    "hospitalization.dischargeDate": "discharged_on",
    "epiData.contactWithSourceCaseKnown": "contact_with_case",
    "epiData.highTransmissionRiskArea": "travelled",
    "symptoms.onsetDate": "onset_on",
    "symptoms.temperature": "temperature",
    "additionalDetails": "note",
    "pregnant": "pregnant",
}
_CONTACT = {
    **_PERSON,
    "caseIdExternalSystem": "case_number",
    "disease": "disease",
    "externalID": "external_id",
    "reportDateTime": "named_at",
    "region": "province",
    "district": "county",
    "community": "township",
    "person.address.region": "province",
    "person.address.district": "county",
    "person.address.community": "township",
    "firstContactDate": "first_contact_on",
    "lastContactDate": "last_contact_on",
    "contactProximity": "proximity",
    "followUpStatus": "status",
    "description": "note",
    "relationToCase": "relation",
    "highPriority": "high_risk",
    "quarantineFrom": "notified_at",
}
_SAMPLE = {
    "labSampleID": "sample.number",
    "fieldSampleID": "sample.number",
    "sampleDateTime": "sample.taken_at",
    "sampleMaterial": "sample.specimen",
    "receivedDate": "sample.received_at",
    "lab": "sample.laboratory",
}
_TEST = {
    "testType": "result.kind",
    "testDateTime": "result.at",
    "testResult": "result.finding",
    "cqValue": "result.value",
    "externalId": "result.key",
}
_SIGN = {plain(name): f"sign.{code}" for code, (_, _, names) in SIGNS.items() for name in (code, *names)}

_ELSEWHERE = {
    "Event": "This is a SORMAS file of events; cases and contacts can be taken in, events cannot.",
    "EventParticipant": "This is a SORMAS file of event participants; import them as contacts or cases.",
    "infrastructure": "This is a SORMAS file of districts or facilities; load it under Places and units.",
}


def recognise_sormas(table: Table) -> Recognised | None:
    """Return the mapping of a SORMAS file by its entity line or by its property paths."""
    entities = {group for group in table.groups if group}
    names = {_SUFFIX.sub("", column) for column in table.columns}
    if entities & {"Event", "EventParticipant"}:
        which = "Event" if "Event" in entities else "EventParticipant"
        return _elsewhere(which)
    if "Contact" in entities or names >= {"reportDateTime", "person.firstName", "contactProximity"}:
        return _contacts(table, names)
    if "CaseData" in entities or (len(names & set(LINE_LIST)) >= 8 and "person.firstName" in names):
        return _cases(table, is_line_list=not entities)
    if {"name", "region", "archived"} <= names:
        return _elsewhere("infrastructure")
    return None


def _elsewhere(which: str) -> Recognised:
    return Recognised(format="sormas", title="SORMAS", record="", advice=_ELSEWHERE[which])


def _cases(table: Table, *, is_line_list: bool) -> Recognised:
    columns = _with_disease(_first_of(table, _CASE), table)
    for column in table.columns:
        if column.startswith("symptoms.") and column not in columns:
            code = _SIGN.get(plain(column.removeprefix("symptoms.")))
            if code is not None and code not in columns.values():
                columns[column] = code
    columns.update(_blocks(table))
    return Recognised(
        format="sormas_line_list" if is_line_list else "sormas_case",
        title="SORMAS line list" if is_line_list else "SORMAS case import",
        record="case",
        columns=columns,
        required=("given_name", "family_name", "reported_at", "county"),
        assumed_order="mdy",
    )


def _contacts(table: Table, names: set[str]) -> Recognised:
    # Where both stand, the status of the follow-up says more.
    known = _CONTACT if "followUpStatus" in names else {**_CONTACT, "contactStatus": "status"}
    columns = _with_disease(_first_of(table, known), table)
    has_case = "caseIdExternalSystem" in names
    return Recognised(
        format="sormas_contact" if has_case else "sormas_case_contact",
        title="SORMAS contact import" if has_case else "SORMAS import of one case's contacts",
        record="contact",
        columns=columns,
        required=("given_name", "family_name", "named_at"),
        assumed_order="mdy",
    )


def _with_disease(columns: dict[str, str], table: Table) -> dict[str, str]:
    """Take the disease from its details where SORMAS has no word for any of them (MERS is OTHER there)."""
    words = (
        {str(cell) for cell in table.column("disease") if cell is not None} if "disease" in columns else set()
    )
    if words == {OTHER_DISEASE} and "diseaseDetails" in table.columns:
        return {**{c: f for c, f in columns.items() if c != "disease"}, "diseaseDetails": "disease"}
    return columns


def _first_of(table: Table, names: Mapping[str, str]) -> dict[str, str]:
    """Return the mapping of the columns found; of two columns of one field the one with more filled cells."""
    filled = {
        column: sum(cell is not None for cell in table.column(column))
        for column in names
        if column in table.columns
    }
    chosen: dict[str, str] = {}
    for column in sorted(filled, key=lambda name: -filled[name]):
        chosen.setdefault(names[column], column)
    return {column: code for code, column in chosen.items()}


def _blocks(table: Table) -> dict[str, str]:
    """Return the mapping of the sample and test blocks, numbered in the order of the columns."""
    columns: dict[str, str] = {}
    sample, test = 0, 0
    seen: set[str] = set()
    for at, column in enumerate(table.columns):
        group = table.groups[at] if table.groups else ""
        name = _SUFFIX.sub("", column).removeprefix("PathogenTest.").removeprefix("Sample.")
        if group == "Sample":
            if name in seen or sample == 0 or test:
                sample, test, seen = sample + 1, 0, set()
            seen.add(name)
            code = _SAMPLE.get(name)
            if code and f"{code}#{sample}" not in columns.values():
                columns[column] = f"{code}#{sample}"
        elif group == "PathogenTest":
            if test == 0 or f"test:{name}" in seen:
                test, seen = test + 1, {one for one in seen if not one.startswith("test:")}
            seen.add(f"test:{name}")
            if name in _TEST:
                columns[column] = f"{_TEST[name]}#{max(sample, 1)}.{test}"
    return columns
