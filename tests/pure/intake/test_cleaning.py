"""Cells into values: dates, ages, sexes, answers, numbers; every change reported, every failure typed."""

import csv
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.intake.cleaning import Options, clean_table
from lianfang.intake.cleaning.dates import DateRules, read_date, study
from lianfang.intake.cleaning.outcome import Read, Unreadable
from lianfang.intake.cleaning.values import (
    coded,
    read_age,
    read_name,
    read_number,
    read_phone,
    read_sex,
    read_yes_no,
)
from lianfang.intake.cleaning.words import number_of_words
from lianfang.intake.fields import Field, Kind
from lianfang.intake.reading import read_bytes, read_file
from lianfang.intake.records import CASE, RECORDS
from lianfang.intake.records.words import SIGNS
from lianfang.rulebook.book import default

TODAY = date(2020, 6, 1)
PLAIN = DateRules(today=TODAY)


def read_column(*cells: object, order: str = "", birth: bool = False, today: date = TODAY) -> list[object]:
    rules, _ = study("c", cells, rules=DateRules(today=today, is_birth=birth, partial=birth), order=order)
    outcomes = [read_date(cell, rules) for cell in cells]
    return [o.value if isinstance(o, Read) else o.rule for o in outcomes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-02-12", date(2020, 2, 12)),
        ("2020/2/12", date(2020, 2, 12)),
        ("2020.02.12", date(2020, 2, 12)),
        ("20200212", date(2020, 2, 12)),
        ("2020年2月12日", date(2020, 2, 12)),
        ("2020年02月12号", date(2020, 2, 12)),
        ("二〇二〇年二月十二日", date(2020, 2, 12)),
        ("２０２０-０２-１２", date(2020, 2, 12)),
        ("12 Feb 2020", date(2020, 2, 12)),
        ("12-FEB-20", date(2020, 2, 12)),
        ("February 12, 2020", date(2020, 2, 12)),
        ("12 février 2020", date(2020, 2, 12)),
        ("2020-02-12T00:00:00.000Z", date(2020, 2, 12)),
        ("2020-02-12 15:04", datetime(2020, 2, 12, 15, 4)),  # noqa: DTZ001
        ("2020年2月12日 8时30分", datetime(2020, 2, 12, 8, 30)),  # noqa: DTZ001
        (date(2020, 2, 12), date(2020, 2, 12)),
        ("NA", None),
        ("不详", None),
    ],
)
def test_forms_of_dates(text: object, expected: object) -> None:
    outcome = read_date(text, PLAIN)  # type: ignore[arg-type]
    assert isinstance(outcome, Read), outcome
    assert outcome.value == expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2020-02-30", "date.impossible"),
        ("2020年13月1日", "date.impossible"),
        ("2021-01-01", "date.future"),
        ("1820-01-01", "date.too_early"),
        ("Jun /23/Y", "date.no_year"),
        ("2月12日", "date.no_year"),
        ("2020-02", "date.partial"),
        ("2020", "date.partial"),
        ("soon", "date.form"),
    ],
)
def test_what_is_no_date_says_why(text: str, rule: str) -> None:
    outcome = read_date(text, PLAIN)
    assert isinstance(outcome, Unreadable)
    assert outcome.rule == rule
    assert outcome.hint


def test_day_and_month_are_told_by_the_whole_column() -> None:
    assert read_column("03/04/2020", "25/04/2020") == [date(2020, 4, 3), date(2020, 4, 25)]
    assert read_column("03/04/2020", "04/25/2020") == [date(2020, 3, 4), date(2020, 4, 25)]
    # Two ways of writing in one column are two questions.
    assert read_column("03/04/2020", "04/25/2020", "03.04.20", "25.04.20") == [
        date(2020, 3, 4),
        date(2020, 4, 25),
        date(2020, 4, 3),
        date(2020, 4, 25),
    ]
    # Both orders in one way of writing: what can be swapped is parked, what cannot is read.
    mixed = read_column("03/04/2020", "25/04/2020", "04/25/2020", "05/05/2020")
    assert mixed == ["date.ambiguous", date(2020, 4, 25), date(2020, 4, 25), date(2020, 5, 5)]
    assert read_column("03/04/2020", order="mdy") == [date(2020, 3, 4)]


def test_an_assumed_order_is_said_to_be_assumed() -> None:
    _, decisions = study("c", ["03/04/2020"], rules=PLAIN)
    assert (decisions[0].chosen, decisions[0].certain) == ("dmy", False)


def test_day_numbers_of_excel_and_r() -> None:
    assert read_column("43873", "43874") == [date(2020, 2, 12), date(2020, 2, 13)]
    assert read_column(18304, 18305) == [date(2020, 2, 12), date(2020, 2, 13)]
    assert read_column("43873.5")[0] == datetime(2020, 2, 12, 12)  # noqa: DTZ001


def test_births_may_be_partial_and_of_the_last_century() -> None:
    assert read_column("12/03/62", "25/03/62", birth=True) == [date(1962, 3, 12), date(1962, 3, 25)]
    table = read_bytes(b"id,dob,disease\n1,1962,measles\n")
    cleaned = clean_table(
        table, {"id": "number", "dob": "birth_date", "disease": "disease"}, CASE, Options(today=TODAY)
    )
    assert cleaned.rows[0].values["birth_year"] == 1962


@given(
    st.dates(date(2000, 1, 1), TODAY),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%d %b %Y", "%B %d, %Y", "%Y%m%d"]),
)
def test_every_day_is_read_back_from_every_clear_form(day: date, form: str) -> None:
    outcome = read_date(day.strftime(form), PLAIN)
    assert isinstance(outcome, Read)
    assert outcome.value == day


@given(
    st.lists(st.dates(date(2015, 1, 1), TODAY), min_size=1, max_size=40),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]),
)
def test_a_column_with_one_decisive_cell_is_read_as_it_was_written(days: list[date], form: str) -> None:
    days = [*days, date(2020, 3, 25)]
    assert read_column(*(day.strftime(form) for day in days)) == days


@given(st.text(max_size=30))
def test_no_text_breaks_a_reader(text: str) -> None:
    for reader in (lambda t: read_date(t, PLAIN), read_age, lambda t: read_sex(t, figures=True), read_phone):
        assert isinstance(reader(text), (Read, Unreadable))


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("37", 37), ("37 years", 37), ("37岁", 37), ("seventy-four", 74), ("one hundred", 100), ("六十二", 62),
        ("6 months", 0.5), ("3个月", 0.25), ("1 year 6 months", 1.5), ("2岁半", 2.5), ("0.5", 0.5), ("newborn", 0),
        ("21 days", 0.0575), ("999", None), ("NA", None),
    ],
)  # fmt: skip
def test_ages(text: str, years: float | None) -> None:
    outcome = read_age(text)
    assert isinstance(outcome, Read), outcome
    assert outcome.value == (years if years is None else pytest.approx(years, abs=1e-4))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("40-49", "age.range"),
        ("65+", "age.range"),
        ("1982", "age.is_a_year"),
        ("-3", "age.out_of_range"),
        ("180", "age.out_of_range"),
        ("old", "age.form"),
    ],
)
def test_what_is_no_age_says_why(text: str, rule: str) -> None:
    outcome = read_age(text)
    assert isinstance(outcome, Unreadable)
    assert outcome.rule == rule


def test_numbers_in_words_up_to_a_hundred() -> None:
    ones = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    for t, ten in enumerate(tens, start=2):
        for o, one in enumerate(ones[1:], start=1):
            assert number_of_words(f"{ten}-{one}") == number_of_words(f"{ten} {one}") == 10 * t + o
    assert [
        number_of_words(w) for w in ("十", "十二", "二十", "一百零三", "seven hundred and two", "house")
    ] == [10, 12, 20, 103, 702, None]


def test_sexes_and_their_figures() -> None:
    table = read_bytes("id,g,disease\n1,M,x\n2,女,x\n3,1,x\n4,2,x\n5,Femme,x\n6,?,x\n7,boy,x\n".encode())
    cleaned = clean_table(
        table, {"id": "number", "g": "sex", "disease": "disease"}, CASE, Options(today=TODAY)
    )
    assert [row.values.get("sex") for row in cleaned.rows] == [
        "male",
        "female",
        "male",
        "female",
        "female",
        "unknown",
        "male",
    ]
    assert any(d.rule == "sex.figures" and d.certain for d in cleaned.decisions)
    zero_one = clean_table(
        read_bytes(b"id,g,disease\n1,0,x\n2,1,x\n"),
        {"id": "number", "g": "sex", "disease": "disease"},
        CASE,
        Options(today=TODAY),
    )
    assert [p.rule for p in zero_one.problems] == ["sex.unknown_word"] * 2, (
        "0 and 1 are no known coding of sex"
    )


def test_answers_numbers_and_telephones() -> None:
    assert [read_yes_no(t, two_is_no=False).value for t in ("是", "No", "TRUE", 0, "9", "无")] == [
        True,
        False,
        True,
        False,
        None,
        False,
    ]
    assert read_yes_no("2", two_is_no=True).value is False
    temperature = Field(code="t", kind=Kind.NUMBER, en="t", zh="t", lowest=30, highest=45)
    assert [read_number(t, temperature).value for t in ("38,5", "38.5℃", "38.5 C", 37)] == [
        38.5,
        38.5,
        38.5,
        37.0,
    ]
    assert [read_number(t, temperature).rule for t in ("385", "<35", "hot")] == [
        "number.out_of_range",
        "number.bound",
        "number.form",
    ]
    assert read_phone("+86 138-1234-5678").value == "+8613812345678"


def test_every_change_is_reported_with_its_rows() -> None:
    table = read_bytes(b"id,gender,age,disease\n1,F,ten,ebola\n2,f,ten,ebola\n3,female,11,ebola\n")
    columns = {"id": "number", "gender": "sex", "age": "age", "disease": "disease"}
    cleaned = clean_table(table, columns, CASE, Options(today=TODAY))
    told = {(c.column, c.before, c.after, c.rule, c.rows) for c in cleaned.changes}
    assert ("age", "ten", "10", "age.words", (2, 3)) in told
    assert ("gender", "F", "female", "sex.spelling", (2,)) in told
    assert [c.row for change in cleaned.changes if change.column == "age" for c in change.each()] == [2, 3]


def test_tolerated_columns_lose_the_cell_and_keep_the_row() -> None:
    table = read_bytes(b"id,onset,disease\n1,never,ebola\n")
    columns = {"id": "number", "onset": "onset_on", "disease": "disease"}
    assert clean_table(table, columns, CASE, Options(today=TODAY)).rows[0].is_parked
    kept = clean_table(table, columns, CASE, Options(today=TODAY, tolerate=frozenset({"onset"}))).rows[0]
    assert not kept.is_parked
    assert [p.rule for p in kept.problems] == ["date.form"]
    strict = clean_table(
        table, columns, CASE, Options(today=TODAY, tolerate=frozenset({"onset"}), strict=True)
    ).rows[0]
    assert strict.is_parked


def test_a_mapping_that_does_not_fit_is_an_error_of_the_caller() -> None:
    table = read_bytes(b"id,x\n1,2\n")
    for columns in ({"y": "number"}, {"id": "nothing"}, {"id": "number", "x": "number"}):
        with pytest.raises(ValueError, match="columns must"):
            clean_table(table, columns, CASE, Options(today=TODAY))


def test_every_sign_of_the_rulebook_can_be_imported() -> None:
    known = set(default().vocabulary["signs"])
    assert known <= set(SIGNS)
    specimens = {c.code for c in CASE.by_code["sample.specimen"].choices}
    assert set(default().vocabulary["specimens"]) <= specimens
    assert set(default().vocabulary["tests"]) <= {c.code for c in CASE.by_code["result.kind"].choices}


def test_no_spelling_means_two_things() -> None:
    for record in RECORDS.values():
        for field in record.fields:
            spellings = Counter(
                s
                for choice in field.choices
                for s in {coded(one) for one in (choice.code, *choice.spellings)}
            )
            assert [s for s, n in spellings.items() if n > 1] == [], (record.code, field.code)


def test_ebola_line_list_outcomes_before_onset_are_listed(shared_data: Path) -> None:
    table = read_file(shared_data / "linelist_ebola_sim" / "linelist.csv")
    columns = {
        "case_id": "number",
        "gender": "sex",
        "date_of_onset": "onset_on",
        "date_of_outcome": "outcome_on",
        "outcome": "outcome",
    }
    cleaned = clean_table(
        table, columns, CASE, Options(today=date(2026, 1, 1), defaults={"disease": "ebola"})
    )
    listed = {p.row for p in cleaned.problems if p.rule == "dates.order"}
    with (shared_data / "linelist_ebola_sim" / "linelist.csv").open() as file:
        truth = {
            n
            for n, r in enumerate(csv.DictReader(file), start=2)
            if r["date_of_outcome"] and r["date_of_outcome"] < r["date_of_onset"]
        }
    assert listed == truth
    assert len(listed) == 197
    assert not any(row.is_parked for row in cleaned.rows)


def test_a_day_without_a_year_is_one_of_the_year_of_its_column() -> None:
    """Only where the whole dates of the column lie so close that no other year can be meant."""
    today = date(2020, 3, 1)
    close = ["2020-01-20", "2020/1/28", "20200202", "2020年2月5日", "1月17日", "2月10日 17:53", "Feb 3"]
    rules, decisions = study("onset", close, rules=DateRules(today=today))
    assert [d.rule for d in decisions if d.certain] == ["date.year_of_column"]
    days = [read_date(cell, rules) for cell in close[4:]]
    assert [str(one.value)[:10] for one in days] == ["2020-01-17", "2020-02-10", "2020-02-03"]
    assert {one.rule for one in days} == {"date.year_of_column"}
    assert read_date("7月1日", rules).rule == "date.no_year", "far from all others: nobody knows"
    turn = ["2019-12-30", "2020-01-02", "2020-01-05", "12月28日", "1月3日"]
    rules, _ = study("onset", turn, rules=DateRules(today=today))
    assert [str(read_date(cell, rules).value) for cell in turn[3:]] == ["2019-12-28", "2020-01-03"]
    wide = ["2014-05-01", "2015-06-01", "2016-02-01", "Jun /23/Y"]
    rules, _ = study("onset", wide, rules=DateRules(today=today))
    assert read_date("Jun /23/Y", rules).rule == "date.no_year"
    few = ["2020-01-20", "2020-01-21", "1月17日"]
    rules, _ = study("onset", few, rules=DateRules(today=today))
    assert read_date("1月17日", rules).rule == "date.no_year"
    assert str(read_date("20200117 20:56", DateRules(today=today)).value) == "2020-01-17 20:56:00"


def test_a_given_name_that_reads_like_nothing_is_a_name() -> None:
    assert read_name("Na").value == "Na"
    assert read_name("NA").value is None
    assert read_sex("LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE", figures=False).value == "female"
    assert coded("LNG_REFERENCE_DATA_CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE_SEEN_OK") == "seen_ok"
