from datetime import date

import pytest

from lianfang.analytics.chains import ChainPosterior
from lianfang.intake.reading import ReadingError
from lianfang.report.chains import Chains, chains_of
from lianfang.report.figures import compute
from lianfang.report.line_list import LineList, last_day
from lianfang.report.natural_history import natural_history
from lianfang.report.reading import CaseFile, read_line_list, read_links
from lianfang.report.story import tell

TODAY = date(2026, 1, 1)
CHINESE = """病例编号,姓名,性别,年龄,现住址,区县,发病日期,报告日期,入院日期,确诊日期,临床转归,死亡日期
A01,张三,男,45,某路1号,江岸区,2020年1月10日,2020年1月14日,2020年1月13日,2020年1月15日,治愈,
A02,李四,女,三十八,某路2号,江岸区,2020年1月11日,2020年1月15日,2020年1月15日,2020年1月16日,治疗中,
A03,王五,男,67岁,某路3号,江汉区,2020年1月12日,2020年1月17日,2020年1月16日,2020年1月18日,死亡,2020年1月30日
A04,赵六,女,52,某路4号,江汉区,2020年1月12日,2020年1月18日,2020年1月17日,2020年1月19日,治疗中,
A05,孙七,女,8,某路5号,武昌区,2020年1月15日,2020年1月13日,,,治疗中,
A06,周八,男,31,某路6号,武昌区,2020年1月16日,2020年1月20日,2020年1月19日,2020年1月21日,治愈,
"""


def read(text: str) -> CaseFile:
    return read_line_list(text.encode(), today=TODAY)


def test_chinese_headings_dates_and_ages_are_understood():
    file = read(CHINESE)
    first, second, third = file.lines[:3]
    assert (first.onset, first.known, first.admitted) == (
        date(2020, 1, 10),
        date(2020, 1, 14),
        date(2020, 1, 13),
    )
    assert second.age == 38
    assert third.is_dead
    assert third.died == date(2020, 1, 30)
    assert (file.known_by, file.place_by) == ("reported_at", "county")


def test_a_chinese_file_in_gb18030_reads_the_same():
    assert read_line_list(CHINESE.encode("gb18030"), today=TODAY).lines == read(CHINESE).lines


def test_outcomes_after_the_last_case_count_unless_a_day_is_asked_for():
    file = read(CHINESE)
    whole = file.at(None)
    assert (whole.as_of, whole.followed_until) == (date(2020, 1, 20), date(2020, 1, 30))
    assert whole.count(lambda line: line.is_dead) == 1
    then = file.at(date(2020, 1, 20))
    assert then.count(lambda line: line.is_dead) == 0
    assert then.lines[2].outcome == "ill"


def test_a_past_day_shows_only_what_was_known_then():
    then = read(CHINESE).at(date(2020, 1, 15))
    assert [line.number for line in then.lines] == ["A01", "A02", "A05"]
    assert then.n_later == 3
    assert then.lines[1].confirmed is None


def test_one_late_slip_does_not_add_empty_months():
    text = "id,date_onset,date_report\n1,2020-01-01,2020-01-03\n2,2020-01-02,2021-01-04\n3,,2020-01-06\n"
    file = read(text)
    assert last_day(file.lines) == date(2020, 1, 6)
    assert len(file.at(None)) == 3


def test_rows_that_use_a_number_again_count_once_and_contradictions_are_left_out():
    text = "case_id,sex,date_onset\n1,F,2020-01-01\n1,F,2020-01-01\n2,M,2020-01-02\n2,F,2020-01-05\n"
    file = read(text)
    assert (len(file.lines), file.n_repeated, file.n_left_out) == (2, 1, 1)


def test_discarded_cases_are_no_cases():
    file = read("case_id,classification,date_onset\n1,confirmed,2020-01-01\n2,not a case,2020-01-02\n")
    assert (len(file.lines), file.n_excluded) == (1, 1)


def test_what_is_no_line_list_is_refused_with_a_hint():
    for text in ("Dear all,\nnothing of use here\n", "", "case_id,date_onset\n", "from,to\n1,2\n"):
        with pytest.raises(ReadingError) as refused:
            read(text)
        assert refused.value.hint


def test_pairs_are_directed_and_relationships_are_not():
    pairs = read_links(b"from,to\n1,2\n1,2\n2,3\n3,3\n", today=TODAY)
    assert pairs.pairs == (("1", "2"), ("2", "3"))
    assert pairs.directed
    named = read_links(b"contact_id,case_id,name,last_contact_date\nC1,1,Li,2020-01-02\n", today=TODAY)
    assert named.pairs == (("1", "C1"),)
    assert not named.directed
    with pytest.raises(ReadingError):
        read_links(b"a,b\nx,y\n", today=TODAY)


def test_an_empty_list_has_no_days():
    assert LineList(lines=(), as_of=None).days == []


def test_linked_cases_and_places_travelled_to_are_read_as_such(shared_data):
    content = (shared_data / "chains_singapore_2020" / "cases.csv").read_bytes()
    file = read_line_list(content, today=TODAY)
    assert not file.cleaned.problems
    assert file.columns["travel_history"] == "travelled_to"
    assert file.lines[0].linked == ("2", "3")
    found = chains_of(file.at(None), None, natural_history("covid_19", date(2020, 2, 26)), seed=1)
    assert isinstance(found, Chains)
    assert not found.directed
    assert (found.n_pairs, found.sizes[0]) == (65, 15)
    assert isinstance(found.posterior, ChainPosterior)
    yes_and_no = read("id,date_onset,travel_history\n1,2020-01-01,yes\n2,2020-01-02,no\n")
    assert yes_and_no.columns["travel_history"] == "travelled"


def test_sources_and_linked_cases_of_one_list_are_kept_apart():
    rows = [f"{n},2020-01-{5 + n:02d},{'1' if n in (2, 3) else ''},{n - 1}; 9{n}" for n in range(2, 10)]
    file = read("\n".join(["id,date_onset,infector,linked cases", "1,2020-01-05,,", *rows]))
    found = chains_of(file.at(None), None, natural_history("covid_19", date(2020, 1, 20)), seed=1)
    assert isinstance(found, Chains)
    assert found.directed
    assert found.n_with_source == 2
    assert found.n_pairs == 9  # 1-2 stands twice, once with its direction
    assert found.n_outside == 8


def test_two_columns_of_numbers_are_pairs_whatever_they_are_called():
    links = read_links(b"i,j\n4,7\n10,29\n29,10\n7,7\n", today=TODAY)
    assert links.pairs == (("4", "7"), ("10", "29"), ("29", "10"))
    assert not links.directed


def test_a_list_without_dates_or_of_several_diseases_says_so_first():
    undated = tell(compute(read("case_id,onset_day\n1,0\n2,3\n"), today=TODAY), language="en")
    mixed = "id,date_onset,disease\n1,2020-01-01,measles\n2,2020-01-02,Ebola\n"
    several = tell(compute(read(mixed), today=TODAY), language="zh", area="江岸区")
    assert "no date that can be used" in undated.sections[0].blocks[1].text
    assert "2种疾病" in several.sections[0].blocks[1].text
    assert several.title == "江岸区疫情形势报告"
