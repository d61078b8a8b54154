"""The line list: identities are invented and say so, disturbances are exactly those of the truth table."""

from dataclasses import fields
from datetime import date

import numpy as np
import polars as pl
import pytest

from lianfang.simulate import Mess, build_city, demo_outbreak, identities, to_linelist
from lianfang.simulate.identities import check_digit
from lianfang.simulate.linelist import HEADINGS_ZH


@pytest.fixture(scope="module")
def outcome():
    return demo_outbreak()


def undone(linelist):
    """The rows with every disturbance of the truth table taken back, duplicates left out."""
    rows = linelist.rows.rename({zh: en for en, zh in HEADINGS_ZH.items()}, strict=False).to_dicts()
    again = set()
    for change in linelist.truth.to_dicts():
        if change["kind"] == "duplicate":
            again.add(change["row"])
        else:
            assert rows[change["row"]][change["field"]] == change["shown"]
            rows[change["row"]][change["field"]] = change["true"]
    return [row for place, row in enumerate(rows) if place not in again]


def test_identities_are_invented_and_recognisably_so():
    city = build_city(3000, counties=2, seed=1)
    people = identities(city, at=date(2020, 2, 29), seed=4)
    for row in people.iter_rows(named=True):
        number = row["id_number"]
        assert len(number) == 18
        assert check_digit(number[:17]) != number[17]
        assert number[6:14] == f"{row['birth_date']:%Y%m%d}"
        assert int(number[16]) % 2 == (row["sex"] == "male")
        assert row["phone"].startswith("100")
        assert len(row["phone"]) == 11
        at, birth = date(2020, 2, 28), row["birth_date"]
        assert at.year - birth.year - ((at.month, at.day) < (birth.month, birth.day)) == row["age"]
    assert people["name"].str.len_chars().is_between(2, 4).all()
    adults = people.filter(pl.col("age") >= 14)
    assert adults["phone"].is_unique().all()
    assert people["address"].str.contains("县").all()


def test_children_share_the_surname_of_the_household():
    city = build_city(3000, seed=1)
    people = identities(city, seed=4).join(city.persons.select("person", "household"), on="person")
    surnames = people.filter(pl.col("age") < 18).with_columns(pl.col("pinyin").str.split(" ").list.first())
    assert surnames.group_by("household").agg(pl.col("pinyin").n_unique())["pinyin"].max() == 1


def test_an_identity_does_not_depend_on_who_else_is_asked_for():
    city = build_city(1000, seed=1)
    everyone = identities(city, seed=2)
    few = identities(city, np.array([7, 400, 999]), seed=2)
    assert few.equals(everyone.filter(pl.col("person").is_in([7, 400, 999])))


def test_a_clean_line_list_says_what_is_true(outcome):
    linelist = to_linelist(outcome, language="en")
    assert linelist.truth.is_empty()
    assert linelist.rows.columns == list(HEADINGS_ZH)
    confirmed = outcome.reports.filter(
        pl.col("classification") != "excluded", pl.col("reported_at").is_not_null()
    )
    assert len(linelist.rows) == len(confirmed)
    assert linelist.rows["case_no"].is_unique().all()
    assert linelist.clean["onset_on"].dtype == pl.Date
    linked = linelist.clean.drop_nulls("contact_of")
    assert len(linked) > 20
    everyone = to_linelist(outcome, language="en", excluded=True)
    assert len(everyone.rows) > len(linelist.rows)


def test_chinese_headings_and_terms(outcome):
    linelist = to_linelist(outcome)
    assert linelist.rows.columns == list(HEADINGS_ZH.values())
    assert set(linelist.rows["性别"]) == {"男", "女"}
    assert set(linelist.rows["病例分类"]) <= {"疑似病例", "确诊病例", "无症状感染者"}
    assert linelist.rows["症状"].str.contains("发热").any()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_truth_table_undoes_every_disturbance(outcome, language):
    clean = to_linelist(outcome, language=language)
    messy = to_linelist(outcome, language=language, mess=Mess(**{rate.name: 0.2 for rate in fields(Mess)}))
    expected = clean.rows.rename({zh: en for en, zh in HEADINGS_ZH.items()}, strict=False).to_dicts()
    assert undone(messy) == expected
    assert set(messy.truth["kind"]) == {rate.name for rate in fields(Mess)}


def test_duplicates_repeat_an_earlier_row(outcome):
    messy = to_linelist(outcome, language="en", mess=Mess(duplicate=0.3))
    again = messy.truth.filter(pl.col("kind") == "duplicate")
    assert len(again) > 10
    for change in again.to_dicts():
        first = messy.rows["case_no"][int(change["true"])]
        assert messy.rows["case_no"][change["row"]] == f"{first}A" == change["shown"]
        assert int(change["true"]) < change["row"]


def test_disturbances_come_as_often_as_asked_for(outcome):
    assert to_linelist(outcome, mess=Mess.none()).truth.is_empty()
    messy = to_linelist(outcome, language="en", mess=Mess(**{**vars(Mess.none()), "sex_code": 0.5}), seed=3)
    assert set(messy.truth["kind"]) == {"sex_code"}
    assert len(messy.truth) / len(messy.rows) == pytest.approx(0.5, abs=0.15)
    shown = messy.rows["id_number"].drop_nulls()
    assert all(check_digit(number[:17]) != number[17] for number in shown)


def test_wrong_requests_are_named(outcome):
    with pytest.raises(ValueError, match="language must be 'zh' or 'en'"):
        to_linelist(outcome, language="fr")
    with pytest.raises(ValueError, match="missing must be from 0 to 1"):
        Mess(missing=2)
