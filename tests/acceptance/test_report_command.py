"""The command `lianfang report` on real files, as a person runs it."""

import os
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from lianfang.cli import main

SECTIONS = (
    "summary",
    "curve",
    "r",
    "delays",
    "fatality",
    "persons",
    "chains",
    "alerts",
    "outlook",
    "quality",
    "methods",
)
CHINESE = """病例编号,姓名,性别,年龄,区县,发病日期,报告日期,入院日期,临床转归
A01,张三,男,45,江岸区,2020年1月10日,2020年1月14日,2020年1月13日,治愈
A02,李四,女,三十八,江岸区,2020年1月11日,2020年1月15日,2020年1月15日,治疗中
A03,王五,男,67岁,江汉区,2020年1月12日,2020年1月17日,2020年1月16日,死亡
"""


@pytest.fixture(scope="module")
def run():
    main.assemble()
    runner = CliRunner()
    return lambda *words: runner.invoke(main.app, ["report", *map(str, words)])


def page_of(result, folder, name, language="en"):
    assert result.exit_code == 0, result.output
    assert (folder / f"{name}-report-{language}.pdf").read_bytes().startswith(b"%PDF-")
    page = (folder / f"{name}-report-{language}.html").read_text(encoding="utf-8")
    for section in SECTIONS:
        assert f'<section id="{section}"' in page
    return page


@pytest.mark.parametrize(("language", "says"), [("en", "nowcast"), ("zh", "实时校正")])
def test_mers_in_korea_has_all_parts(run, shared_data, tmp_path, language, says):
    folder = shared_data / "chains_mers_korea_2015"
    result = run(
        folder / "linelist.csv", "--contacts", folder / "contacts.csv", "--disease", "mers", "--language", language,
        "--out", tmp_path,
    )  # fmt: skip
    page = page_of(result, tmp_path, "linelist", language)
    assert says in page
    assert page.count("<figure>") == 5
    assert "SK_14" not in page
    # One wave from few cases: a trend and a renewal model read it differently, and the report says so.
    assert ("models disagree" if language == "en" else "两种模型不一致") in page


def test_simulated_ebola_of_5829_cases_takes_a_minute_at_most(run, shared_data, tmp_path):
    folder = shared_data / "linelist_ebola_sim"
    started = time.process_time()
    result = run(
        folder / "linelist.csv",
        "--contacts",
        folder / "contacts.csv",
        "--disease",
        "ebola",
        "--out",
        tmp_path,
    )
    assert time.process_time() - started < 60  # processor time: of two cores others may have one
    page = page_of(result, tmp_path, "linelist")
    assert "5,829" in page
    assert "394" in page  # outcomes before onset or admission


def test_a_spoilt_file_is_used_as_far_as_it_goes(run, shared_data, tmp_path):
    result = run(
        shared_data / "linelist_messy_15k" / "messy_first_5000.csv", "--language", "zh", "--out", tmp_path
    )
    page = page_of(result, tmp_path, "messy_first_5000", "zh")
    assert "缺年份" in page
    assert "请用 --disease 指定" in page


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chinese", CHINESE),
        ("one", "case_id,date_onset,date_report\n1,2020-01-01,2020-01-03\n"),
        ("undated", "case_id,sex,outcome\n1,F,died\n2,M,recovered\n"),
    ],
)
def test_small_files_give_the_parts_that_are_possible(run, tmp_path, name, text):
    path = tmp_path / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    result = run(path, "--disease", "covid_19_cn_2020", "--language", "zh", "--out", tmp_path)
    assert "未列出" in page_of(result, tmp_path, name, "zh")


def test_a_report_of_a_past_day_knows_nothing_later(run, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(CHINESE, encoding="utf-8")
    page = page_of(run(path, "--out", tmp_path, "--as-of", "2020-01-15"), tmp_path, "list")
    assert "Data up to and including" in page
    assert "2020-01-17" not in page


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"Dear all,\nnothing of use\n", "No column of a line list was recognised"),
        (bytes(range(256)) * 8, "not"),
        (b"", "The file is empty"),
        (b"from,to\n1,2\n", "no list of cases"),
    ],
)
def test_what_is_no_line_list_is_refused_with_a_sentence(run, tmp_path, content, says):
    path = tmp_path / "something"
    path.write_bytes(content)
    result = run(path, "--out", tmp_path)
    assert result.exit_code == 1
    assert says in result.stderr
    assert not list(tmp_path.glob("*.html"))


def test_an_unknown_disease_is_refused_with_those_there_are(run, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(CHINESE, encoding="utf-8")
    result = run(path, "--disease", "flu42", "--out", tmp_path)
    assert result.exit_code == 1
    assert "covid_19_cn_2020" in result.stderr


def test_it_needs_no_database(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(CHINESE, encoding="utf-8")
    environment = {**os.environ, "LIANFANG_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    code = f"import sys; sys.argv = ['lianfang', 'report', {str(path)!r}, '--out', {str(tmp_path)!r}]; from lianfang.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "list-report-en.html").exists()
