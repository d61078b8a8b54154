"""Go.Data: the tables of the R reporting layer (`*_clean.csv`) and raw exports.

Raw exports come with database names, with labels in the site's language, or with tokens as values, and arrays are
flattened as `Header [1]`. A header is therefore compared without its number, in plain form, under all its names.
"""

import re
from collections.abc import Mapping

from lianfang.intake.fields import plain
from lianfang.intake.formats.base import Recognised
from lianfang.intake.table import Table

_EVENTS = "This is a Go.Data file of events; cases and contacts can be taken in, events cannot."
_NUMBER = re.compile(r"\s*\[(\d+)\]")

# field -> the headers by which it is known: R layer, database name, English label; the first found is taken.
_PERSON: Mapping[str, tuple[str, ...]] = {
    "external_id": ("uuid", "id", "_id"),
    "given_name": ("firstName", "First name"),
    "middle_name": ("middleName", "Middle name"),
    "family_name": ("lastName", "Last name"),
    "sex": ("gender", "Gender", "sex"),
    "age": ("age", "age.years", "Age years", "Age (years)", "Age / Years"),
    "age_months": ("age.months", "Age months", "Age (months)", "Age / Months"),
    "birth_date": ("dob", "Date of birth"),
    "occupation": ("occupation", "Occupation"),
    "phone": ("telephone", "addresses.phoneNumber", "Addresses Phone number", "Phone number"),
    "email": ("email", "addresses.emailAddress", "Addresses Email"),
    "address": ("address", "addresses.addressLine1", "Addresses Address line 1"),
    "postal_code": ("postal_code", "addresses.postalCode"),
    "city": ("city", "addresses.city", "Addresses City"),
    "place_code": ("location_id", "addresses.locationId", "usualPlaceOfResidenceLocationId"),
    "township": ("admin_3_name",),
    "county": ("admin_2_name",),
    "province": ("admin_1_name",),
    "latitude": ("lat", "addresses.geoLocation.lat"),
    "longitude": ("long", "addresses.geoLocation.lng"),
}
_CASE: Mapping[str, tuple[str, ...]] = {
    **_PERSON,
    "number": ("case_id", "visualId", "ID", "Case ID"),
    "classification": ("classification", "Classification", "Case classification"),
    "outcome": ("outcome_id", "outcomeId", "Outcome"),
    "outcome_on": ("date_of_outcome", "dateOfOutcome", "Date of outcome"),
    "reported_at": ("date_of_reporting", "dateOfReporting", "Date of reporting"),
    "onset_on": ("date_of_onset", "dateOfOnset", "Date of onset"),
    "infected_on": ("date_of_infection", "dateOfInfection", "Date of infection"),
    "confirmed_at": ("date_become_case", "dateBecomeCase", "Date of becoming a case"),
    "exposed_to_on": ("date_of_last_contact", "dateOfLastContact"),
    "admitted_on": ("hospitalization_startdate",),
    "discharged_on": ("hospitalization_enddate",),
    "pregnant": ("pregnancy_status", "pregnancyStatus", "Pregnancy status"),
}
_CONTACT: Mapping[str, tuple[str, ...]] = {
    **_PERSON,
    "number": ("contact_id", "visualId", "ID", "Contact ID"),
    "case_number": ("relationship.relatedId", "Relationship Related ID", "source_visualid"),
    "status": ("contact_status", "followUp.status", "Follow-up status", "Final follow-up status"),
    "named_at": ("date_of_reporting", "dateOfReporting", "Date of reporting", "dateBecomeContact"),
    "last_contact_on": (
        "date_of_last_contact",
        "dateOfLastContact",
        "Date of last contact",
        "relationship.contactDate",
    ),
    "notified_at": ("date_of_followup_start", "followUp.startDate"),
    "risk_level": ("risk_level", "riskLevel", "Risk level"),
    "proximity": ("relationship.exposureTypeId",),
    "setting": ("relationship.socialRelationshipTypeId",),
    "relation": ("relationship.socialRelationshipDetail",),
    "certainty": ("relationship.certaintyLevelId",),
}
_RELATIONSHIP: Mapping[str, tuple[str, ...]] = {
    "external_id": ("uuid", "id", "_id"),
    "source_id": ("source_uuid", "persons.1.id", "Source ID"),
    "source_number": ("source_visualid", "Source Visual ID"),
    "source_sex": ("source_gender", "Source Gender"),
    "source_age": ("source_age", "Source Age"),
    "target_id": ("target_uuid", "persons.2.id", "Target ID"),
    "target_number": ("target_visualid", "Target Visual ID"),
    "target_sex": ("target_gender", "Target Gender"),
    "target_age": ("target_age", "Target Age"),
    "first_contact_on": ("dateOfFirstContact",),
    "last_contact_on": ("date_of_last_contact", "contactDate", "Date of last contact"),
    "proximity": ("exposure_type", "exposureTypeId", "Exposure type"),
    "setting": ("context_of_exposure", "socialRelationshipTypeId", "Context of transmission"),
    "certainty": ("certainty_level", "certaintyLevelId", "Certainty level"),
    "relation": ("relation_detail", "socialRelationshipDetail"),
    "duration": ("exposure_duration", "exposureDurationId"),
    "frequency": ("exposure_frequency", "exposureFrequencyId"),
}
_FOLLOW_UP: Mapping[str, tuple[str, ...]] = {
    "external_id": ("uuid", "id", "_id"),
    "contact_id": ("contact_uuid", "personId", "contact.id"),
    "contact_number": ("contact_id", "contact.visualId", "Contact ID"),
    "on": ("date_of_followup", "date", "Date of follow-up", "Date"),
    "seen": ("followup_status", "statusId", "Status", "Follow-up status"),
    "note": ("comment", "Comment"),
}
_LAB: Mapping[str, tuple[str, ...]] = {
    "external_id": ("id", "_id", "uuid"),
    "case_id": ("personId", "person.id"),
    "case_number": ("person.visualId", "Person Visual ID", "case_id"),
    "sample_number": ("sampleIdentifier", "Sample identifier", "sample_identifier"),
    "specimen": ("sampleType", "Sample type", "sample_type"),
    "sampled_at": ("dateSampleTaken", "Date sample taken", "date_sample_taken"),
    "received_at": ("dateSampleDelivered", "Date sample delivered", "date_sample_delivered"),
    "test": ("testType", "Test type", "test_type"),
    "finding": ("result", "Result"),
    "value": ("quantitativeResult", "Quantitative result"),
    "resulted_at": ("dateOfResult", "Date of result", "date_of_result", "dateTesting"),
    "laboratory": ("labName", "Lab name", "lab_name"),
    "status": ("status", "Status"),
}
# What must be there for a table to be taken for one of these, most particular first.
_KINDS: tuple[tuple[str, tuple[tuple[str, ...], ...], Mapping[str, tuple[str, ...]]], ...] = (
    ("relationship", (("source_uuid", "target_uuid"), ("persons.1.id", "persons.2.id"), ("Source Visual ID", "Target Visual ID")), _RELATIONSHIP),
    ("follow_up", (("followup_status", "date_of_followup"), ("statusId", "personId", "targeted"), ("statusId", "contact.visualId")), _FOLLOW_UP),
    ("lab_result", (("personId", "dateSampleTaken"), ("Sample identifier", "Date sample taken", "Lab name")), _LAB),
    ("contact", (("contact_id", "contact_status"), ("dateBecomeContact", "visualId"), ("relationship.contactDate", "firstName"), ("Contact ID", "Date of last contact", "First name")), _CONTACT),
    ("case", (("case_id", "outcome_id", "location_id"), ("visualId", "classification", "dateOfReporting"), ("Classification", "Date of reporting", "First name", "Case ID"), ("Classification", "Date of reporting", "First name", "Outcome")), _CASE),
)  # fmt: skip


def recognise_godata(table: Table) -> Recognised | None:
    """Return the mapping of a Go.Data table in any of its three spellings."""
    headers: dict[str, str] = {}
    for column in table.columns:
        headers.setdefault(_header(column), column)
    if {"event_name", "date_of_event"} <= set(headers):
        return Recognised(
            format="godata_event",
            title="Go.Data events",
            record="",
            advice=_EVENTS,
        )
    for record, marks, fields in _KINDS:
        if any(all(_header(one) in headers for one in mark) for mark in marks):
            columns: dict[str, str] = {}
            for code, names in fields.items():
                found = next((headers[_header(n)] for n in names if _header(n) in headers), None)
                if found is not None and found not in columns:
                    columns[found] = code
            return Recognised(
                format=f"godata_{record}",
                title=f"Go.Data {record.replace('_', ' ')}",
                record=record,
                columns=columns,
            )
    return None


def _header(name: str) -> str:
    """Return a header in plain form; the number of an array element goes, but for the two persons of a relationship."""
    kept = _NUMBER.sub(
        lambda m: f".{m[1]}" if name.startswith("persons") else ("" if m[1] == "1" else f".{m[1]}"), name
    )
    return plain(kept)
