"""WHO case report form for COVID-19: variable names of the revised form and of the line lists made from it."""

from lianfang.intake.formats.base import Recognised
from lianfang.intake.table import Table

# `patcourse_asymp` means the opposite of its name (a comment in the implementation guide says so): yes is "had symptoms".
_HAD_SYMPTOMS = "patcourse_asymp"
_SYMPTOMS = {"yes": "confirmed", "true": "confirmed", "no": "asymptomatic", "false": "asymptomatic"}
_COLUMNS = {
    "patinfo_ID": "number",
    "report_date": "reported_at",
    "patinfo_ageonset": "age",
    "patinfo_ageonsetunit": "age_unit",
    "patinfo_sex": "sex",
    "patinfo_idadmin1": "province",
    "patinfo_resadmin1": "province",
    "patinfo_resadmin0": "country",
    "report_country": "country",
    "Lab_date1": "result.at#1.1",
    "Lab_datetaken": "sample.taken_at#1",
    "Lab_resdate": "result.at#1.1",
    "outcome_lab_date": "result.at#2.1",
    "outcome_lab_result": "result.finding#2.1",
    "patcourse_dateonset": "onset_on",
    "patcourse_presHCF": "admitted_on",
    "patcourse_datedischarge": "discharged_on",
    "patcourse_datedeath": "died_on",
    "Comcond_preg": "pregnant",
    "patinfo_occuhcw": "health_worker",
    "expo_travel": "travelled",
    "expo_contact_case": "contact_with_case",
    "expo_ID": "source_number",
    "expo_case_date_first": "exposed_from_on",
    "expo_case_date_last": "exposed_to_on",
    "expo_case_location": "exposure_place",
    "expo_case_setting_detail": "exposure_kind",
    "outcome_patcourse_status": "outcome",
    "outcome_date_of_outcome": "outcome_on",
    "report_classif": "classification",
}
_MARKS = ("patinfo_", "patcourse_", "expo_", "outcome_patcourse")
_ENOUGH = 3


def recognise_who_crf(table: Table) -> Recognised | None:
    """Return the mapping of a table whose columns are the form's variables."""
    if sum(column.startswith(_MARKS) for column in table.columns) < _ENOUGH:
        return None
    known = {name.lower(): code for name, code in _COLUMNS.items()}
    columns: dict[str, str] = {}
    for column in table.columns:
        code = known.get(column.lower())
        if code is not None and code not in columns.values():
            columns[column] = code
    defaults = {"disease": "covid_19"}
    codings = {}
    if "classification" not in columns.values():
        # The form is for cases that a laboratory has confirmed; those that never had symptoms are another class.
        defaults["classification"] = "confirmed"
        asked = next((column for column in table.columns if column.lower() == _HAD_SYMPTOMS), None)
        if asked is not None:
            columns[asked] = "classification"
            spelt = {
                form: code for word, code in _SYMPTOMS.items() for form in (word, word.title(), word.upper())
            }
            codings[asked] = spelt
    return Recognised(
        format="who_crf",
        title="WHO case report form",
        record="case",
        columns=columns,
        defaults=defaults,
        codings=codings,
    )
