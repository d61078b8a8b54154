import re
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from pathlib import Path
from string import Formatter

import pytest

import lianfang.report
from lianfang.analytics.aberration import re_emergence, small_counts
from lianfang.analytics.chains import Interval, infer_chains, review_links
from lianfang.analytics.forecast import forecast
from lianfang.analytics.nowcast import nowcast, triangle_from_matrix
from lianfang.report.drawing import Picture, day_ticks, draw_curve
from lianfang.report.figures import Figures, compute
from lianfang.report.pages import html_page
from lianfang.report.pdf import typst_source, write_pdf
from lianfang.report.reading import read_line_list
from lianfang.report.story import tell
from lianfang.report.words import LANGUAGES, Words, sentences

TODAY = date(2026, 1, 1)
FOLDER = Path(lianfang.report.__file__).parent
NAMES = ("张三", "Mustermann", "Main Street 5", "CASE-0007")


def figures() -> Figures:
    rows = [
        f"CASE-{n:04},{NAMES[0] if n % 2 else NAMES[1]},{NAMES[2]},{'FM'[n % 2]},{20 + n},<b>Town & 1</b>,2020-01-{1 + n // 2:02},2020-01-{3 + n // 2:02}"
        for n in range(50)
    ]
    text = "case_id,name,address,sex,age,district,date_onset,date_report\n" + "\n".join(rows)
    return compute(read_line_list(text.encode(), today=TODAY), today=TODAY, disease="covid_19")


@pytest.fixture(scope="module")
def found() -> Figures:
    return figures()


def test_the_same_file_gives_the_same_bytes(found):
    again = figures()
    for language in LANGUAGES:
        assert html_page(tell(found, language=language)) == html_page(tell(again, language=language))


def test_no_person_is_in_the_report(found):
    page = html_page(tell(found, language="en"))
    assert not [name for name in NAMES if name in page]


def test_what_the_file_says_is_escaped(found):
    page = html_page(tell(found, language="en"))
    assert "<b>Town" not in page
    assert "&lt;b&gt;Town &amp; 1&lt;/b&gt;" in page


def test_the_page_needs_nothing_else(found):
    page = html_page(tell(found, language="zh"))
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "<script" not in page
    assert "url(" not in re.sub(r"url\(#", "", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_every_chart_says_what_it_shows_and_how_it_was_made(found):
    for language in LANGUAGES:
        page = html_page(tell(found, language=language))
        assert page.count('<svg class="wide" role="img" aria-label="') == page.count("<figure>")
        for section in re.findall(r"<section .*?</section>", page, flags=re.DOTALL):
            if "<figure>" in section:
                assert 'class="basis"' in section


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_is_written(found, tmp_path, language):
    path = tmp_path / "report.pdf"
    write_pdf(tell(found, language=language), path)
    assert path.read_bytes().startswith(b"%PDF-")


def test_markup_in_the_file_stays_text_in_the_pdf(found, tmp_path):
    source = typst_source(tell(found, language="en"), tmp_path)
    assert r"\<b\>Town & 1\<\/b\>" in source


def test_both_languages_have_the_same_places():
    for key, languages in sentences().items():
        assert set(languages) == set(LANGUAGES), key
        places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in languages.values()]
        assert places[0] == places[1], key
        assert re.search("[\u4e00-\u9fff]", languages["zh"]) or key in {"delays.fit", "title.of_area"}, key


def test_every_sentence_is_used_and_every_key_has_one():
    code = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    named = set(re.findall(r'"([a-z_]+\.[a-z0-9_]+)"', code))
    stems = set(re.findall(r"f[\"']([a-z_]+\.[a-z_]*)\{", code))
    groups = set(tomllib.loads((FOLDER / "words.toml").read_text(encoding="utf-8")))
    missing = [
        key
        for key in named
        if key.split(".")[0] in groups
        and not Words("en").has(key)
        and not key.startswith(("number.", "row.", "order.", "cut.", "heap.", "result.", "sample."))
    ]
    assert missing == []
    methods = set(re.findall(r'basis\(\s*w, "([a-z_]+)"', code))
    for key in sentences():
        group, _, name = key.partition(".")
        said = group == "source" or key in named or key.startswith(tuple(stems - {"method.", "limits."}))
        assert said or (group in {"method", "limits"} and name in methods), key


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="language must be one of zh, en"):
        Words("fr")


@pytest.mark.parametrize("n_days", [1, 2, 5, 9, 30, 37, 60, 100, 200, 365, 389, 731])
@pytest.mark.parametrize("most", [4, 9])
def test_the_days_of_an_axis_are_few_and_in_order(n_days, most):
    first = date(2019, 12, 30)
    last = first + timedelta(days=n_days - 1)
    ticks, form = day_ticks(first, last, most=most)
    assert 1 <= len(ticks) <= most
    assert ticks == sorted(set(ticks))
    assert all(first <= day <= last for day in ticks)
    assert len({day.strftime(form) for day in ticks}) == len(ticks)


def test_charts_are_text_and_the_same_every_time():
    first = [
        draw_curve([date(2020, 1, 1), date(2020, 1, 2)], [1.0, 2.0], None, ("病例数", "登记", "", ""))
        for _ in range(2)
    ]
    assert isinstance(first[0], Picture)
    assert first[0] == first[1]
    assert "病例数" in first[0].narrow


def test_the_package_needs_no_django():
    code = "import sys, lianfang.report.story, lianfang.report.pages, lianfang.report.pdf; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_sources_of_methods_are_told_in_the_language_of_the_report():
    """The English text of each is the one that the analytics give, so that none is missed when a method is changed."""
    told = {entry["en"]: entry["zh"] for key, entry in sentences().items() if key.startswith("source.")}
    counts = [3.0, 4, 2, 3, 5, 4, 3] * 12
    made = [
        forecast(counts).provenance,
        nowcast(triangle_from_matrix([[3, 1, 0]] * 12)).provenance,
        re_emergence(counts).provenance,
        small_counts(counts).provenance,
        review_links([("a", "b")], ["a", "b"], [0, 5]).provenance,
        infer_chains("ab", [0, 5], Interval.gamma(5, 1.5), n_sweeps=10, n_chains=2).provenance,
    ]
    assert {one.source for one in made} == set(told)
    assert all(Words("zh").source(one.source) == told[one.source] for one in made)
    assert Words("zh").source("Reich et al. 2009") == "Reich et al. 2009"
