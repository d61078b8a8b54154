"""Files as tables: encodings, delimiters, headers, workbooks, JSON."""

import io
import json
from datetime import date, datetime

import openpyxl
import pytest

from lianfang.intake.reading import ReadingError, read_bytes

ROWS = [["a", "1"], ["b", "2"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_encodings_of_chinese_files(encoding: str) -> None:
    table = read_bytes("编号,姓名,住址\n1,张三,城关镇南门社区\n2,李四,河口镇\n".encode(encoding))
    assert table.columns == ("编号", "姓名", "住址")
    assert table.rows[1] == ["2", "李四", "河口镇"]


def test_western_accents_are_not_taken_for_chinese() -> None:
    table = read_bytes("id,nom,ville\n1,Clémence Renée,Saint-Étienne\n2,Günther,Köln\n".encode("cp1252"))
    assert table.rows[0] == ["1", "Clémence Renée", "Saint-Étienne"]
    assert table.rows[1] == ["2", "Günther", "Köln"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter: str) -> None:
    text = f"id{delimiter}name\na{delimiter}1\nb{delimiter}2\n"
    table = read_bytes(text.encode())
    assert [list(row) for row in table.rows] == ROWS
    assert list(table.numbers) == [2, 3]


def test_quoted_line_breaks_keep_the_row_numbers_of_the_file() -> None:
    table = read_bytes(b'id,note\na,"two\nlines"\nb,x\n')
    assert list(table.numbers) == [2, 4]


def test_sormas_header_comments_repeats_and_short_rows() -> None:
    text = "CaseData,CaseData,Sample,Sample,Sample\n## comment,,,,\nid,disease,lab,date,lab\nx,EVD\n,,,,\ny,EVD,L1,d,L2,surplus\n"
    table = read_bytes(text.encode())
    assert table.columns == ("id", "disease", "lab", "date", "lab [2]")
    assert table.groups[2] == "Sample"
    assert [list(row) for row in table.rows] == [
        ["x", "EVD", None, None, None],
        ["y", "EVD", "L1", "d", "L2"],
    ]
    assert table.overlong == {6}


def test_title_lines_above_the_header_are_skipped() -> None:
    table = read_bytes(
        "东山县病例一览表,,,\n2020年2月12日,,,\n编号,性别,年龄,发病日期\n1,男,3,2020-02-01\n".encode()
    )
    assert table.columns[0] == "编号"
    assert len(table.rows) == 1


def test_a_workbook_keeps_its_dates() -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "onset", "age"])
    book.active.append(["a", date(2020, 2, 3), 5])
    book.active.append(["b", datetime(2020, 2, 3, 10, 5), 6.5])  # noqa: DTZ001 - a workbook knows no zones
    out = io.BytesIO()
    book.save(out)
    table = read_bytes(out.getvalue())
    assert [str(row[1]) for row in table.rows] == ["2020-02-03", "2020-02-03 10:05:00"]
    assert [str(row[2]) for row in table.rows] == ["5", "6.5"]


def test_json_in_three_shapes() -> None:
    rows = [{"id": "a", "age": {"years": 3}, "tags": ["x", "y"]}, {"id": "b", "addresses": [{"city": "Bo"}]}]
    for text in (json.dumps(rows), json.dumps({"data": rows}), "\n".join(map(json.dumps, rows))):
        table = read_bytes(text.encode())
        assert set(table.columns) == {"id", "age.years", "tags [1]", "tags [2]", "addresses [1].city"}
        assert len(table.rows) == 2


@pytest.mark.parametrize(
    "content", [b"", b"   \n", b"%PDF-1.7 ...", b"PK\x03\x04 broken", b"[1, 2]", b"{broken"]
)
def test_what_is_no_table_is_refused_with_advice(content: bytes) -> None:
    with pytest.raises(ReadingError) as refused:
        read_bytes(content)
    assert refused.value.hint
