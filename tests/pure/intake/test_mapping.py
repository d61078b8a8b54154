"""Columns find their fields; formats are told by their columns."""

from datetime import date
from pathlib import Path

import pytest

from lianfang.intake.formats import plan, recognise
from lianfang.intake.mapping import REASONS, fingerprint, propose
from lianfang.intake.reading import read_bytes, read_file
from lianfang.intake.records import CASE, RECORDS

TODAY = date(2026, 11, 23)


def proposed(text: str, record: str = "case") -> dict[str, str]:
    return {p.column: p.field for p in propose(read_bytes(text.encode()), RECORDS[record], today=TODAY)}


def test_chinese_and_english_names() -> None:
    found = proposed(
        "病例编号,患者姓名,性别,年龄（岁）,现住址,发病日期,确诊日期,临床转归\n1,张三,男,34,南门,2020-02-01,2020-02-03,治愈\n"
    )
    assert found == {
        "病例编号": "number", "患者姓名": "name", "性别": "sex", "年龄（岁）": "age", "现住址": "address",
        "发病日期": "onset_on", "确诊日期": "confirmed_at", "临床转归": "outcome",
    }  # fmt: skip
    found = proposed("Case ID,Date of symptom onset,Patient name,Fever,Outcome\nc1,2020-01-01,A B,yes,died\n")
    assert found == {
        "Case ID": "number", "Date of symptom onset": "onset_on", "Patient name": "name", "Fever": "sign.fever",
        "Outcome": "outcome",
    }  # fmt: skip


def test_cells_say_what_a_nameless_column_is() -> None:
    found = proposed("v1,v2,v3\n110101199003070038,M,x\n11010119900307002X,F,y\n")
    assert found == {"v1": "national_id", "v2": "sex", "v3": ""}


def test_cells_contradict_a_similar_name_and_not_a_known_one() -> None:
    found = proposed("id,age_class,week_report,date_onset\n1,40-49,2015_21,rubbish\n2,50-59,2015_22,more\n")
    assert found["age_class"] == found["week_report"] == ""
    assert found["date_onset"] == "onset_on"


def test_no_field_twice_and_every_reason_is_explained() -> None:
    table = read_bytes(b"id,case_id,onset,date_onset\n1,a,2020-01-01,2020-01-01\n")
    proposals = propose(table, CASE, today=TODAY)
    fields = [p.field for p in proposals if p.field]
    assert len(fields) == len(set(fields))
    assert all(p.reason in REASONS for p in proposals)


def test_the_fingerprint_is_of_the_names() -> None:
    assert fingerprint(["Case ID", "dateOfOnset"]) == fingerprint(["case_id", "date of onset"])
    assert fingerprint(["a", "b"]) != fingerprint(["b", "a"])


@pytest.mark.parametrize(
    ("file", "form", "record"),
    [
        ("import_sormas/sormas_import_test_line_listing", "sormas_line_list", "case"),
        ("import_sormas/sormas_import_test_success", "sormas_case", "case"),
        ("import_sormas/sormas_contact_import_test", "sormas_contact", "contact"),
        ("import_sormas/sormas_case_contact_import_test_success", "sormas_case_contact", "contact"),
        ("import_godata_training/cases_clean", "godata_case", "case"),
        ("import_godata_training/contacts_clean", "godata_contact", "contact"),
        ("import_godata_training/followups_clean", "godata_follow_up", "follow_up"),
        ("import_godata_training/relationships_clean", "godata_relationship", "relationship"),
        ("import_godata_training/lab_results_clean", "godata_lab_result", "lab_result"),
        ("import_godata_training/events_clean", "godata_event", ""),
        ("import_sormas/sormas_district_bom_test", "sormas", ""),
        ("chains_mers_korea_2015/linelist", "r_line_list", "case"),
        ("chains_mers_korea_2015/contacts", "r_pairs", "relationship"),
        ("linelist_ebola_sim/contacts", "r_pairs", "relationship"),
    ],
)
def test_formats_of_real_files(shared_data: Path, file: str, form: str, record: str) -> None:
    found = recognise(read_file(shared_data / f"{file}.csv"))
    assert found is not None
    assert (found.format, found.record) == (form, record)
    assert bool(found.advice) == (not record)
    if record:
        assert all(RECORDS[record].knows(code) for code in found.columns.values())


def test_godata_raw_exports_in_database_names_and_labels() -> None:
    names = b"id,visualId,firstName,gender,age.years,classification,dateOfReporting,dateOfOnset,addresses [1].city,addresses [2].city\n1,C-1,A,LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE,3,LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_PROBABLE,2020-01-02,2020-01-01,x,y\n"
    found = recognise(read_bytes(names))
    assert found is not None
    assert found.columns["addresses [1].city"] == "city"
    assert "addresses [2].city" not in found.columns
    labels = b"ID,First name,Gender,Age years,Classification,Date of reporting,Date of onset,Case ID,Outcome\n1,A,Male,3,Probable,2020-01-02,2020-01-01,C-1,Alive\n"
    found = recognise(read_bytes(labels))
    assert found is not None
    assert found.format == "godata_case"
    assert found.columns["Date of onset"] == "onset_on"


def test_who_case_report_form() -> None:
    table = read_bytes(
        b"report_date,patinfo_ID,patinfo_sex,patinfo_ageonset,patcourse_dateonset,expo_contact_case,outcome_patcourse_status\n2020-02-12,W1,M,44,2020-02-10,Yes,Recovered\n"
    )
    record, proposals, options, form = plan(table, today=TODAY)
    assert (record, form) == ("case", "who_crf")
    assert options["defaults"] == {"disease": "covid_19", "classification": "confirmed"}
    assert {p.field for p in proposals} >= {
        "number",
        "sex",
        "age",
        "onset_on",
        "contact_with_case",
        "outcome",
    }


def test_a_file_of_another_kind_is_planned_as_that_kind() -> None:
    visits = read_bytes("密接编号,随访日期,随访结果,体温\nK1,2020-02-02,正常,36.5\n".encode())
    assert plan(visits, today=TODAY)[0] == "follow_up"
    laboratory = read_bytes(
        "标本编号,病例编号,采样日期,检测结果,检测方法,检测机构\nS1,C1,2020-02-02,阳性,核酸检测,L\n".encode()
    )
    assert plan(laboratory, today=TODAY)[0] == "lab_result"
