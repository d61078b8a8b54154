"""Delimited text: encoding, delimiter and quoting told from the content."""

import codecs
import csv
import io
import itertools
import sys
from collections import Counter

from lianfang.intake.reading.shape import ReadingError, shape
from lianfang.intake.table import Table

_DELIMITERS = (",", ";", "\t", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOK_AHEAD = 200
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


def read_delimited(content: bytes, *, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Return the table in delimited text; `encoding` and `delimiter` are told from the content where not given."""
    encoding = encoding or _encoding_of(content)
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as trouble:
        raise ReadingError(
            f"The file is not text in {encoding}: {trouble}.",
            hint="Save it as CSV in UTF-8, and send it again.",
        ) from trouble
    if "\x00" in text[:10_000]:
        raise ReadingError(
            "The file is not a text.", hint="Save the table as CSV, Excel or JSON, and send that."
        )
    separated_by = delimiter or _delimiter_of(text)
    lines: list[list[str]] = []
    numbers: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separated_by, skipinitialspace=True)
    start = 1
    try:
        for line in reader:
            lines.append(line)
            numbers.append(start)
            start = reader.line_num + 1
    except csv.Error as trouble:
        raise ReadingError(
            f"Line {reader.line_num} cannot be read as delimited text: {trouble}.",
            hint="Look for an unclosed quotation mark in that line.",
        ) from trouble
    name = {"\t": "tab"}.get(separated_by, separated_by)
    return shape(lines, numbers, {"kind": "delimited", "encoding": encoding, "delimiter": name})


def _encoding_of(content: bytes) -> str:
    """Return the encoding: a byte order mark decides, then strict UTF-8, then GB 18030, then Windows-1252.

    GB 18030 (which contains GBK and GB 2312) is taken where it decodes and gives Chinese characters; a western
    text with accents rarely does both.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return "cp1252" if _decodes(content, "cp1252") else "latin-1"
    foreign = [c for c in text if ord(c) > 0x7F]
    chinese = sum(
        "\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uffef" for c in foreign
    )
    in_runs = sum(
        "\u4e00" <= a <= "\u9fff" and "\u4e00" <= b <= "\u9fff" for a, b in itertools.pairwise(text)
    )
    return "gb18030" if chinese * 10 >= len(foreign) * 9 and in_runs * 3 >= len(foreign) else "cp1252"


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(text: str) -> str:
    """Return the delimiter that cuts the first lines into the same number of cells most often, and into most cells."""
    sample = "".join(text.splitlines(keepends=True)[:_LOOK_AHEAD])
    best = (0.0, ",")
    for delimiter in _DELIMITERS:
        try:
            widths = [
                len(line) for line in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if line
            ]
        except csv.Error:
            continue
        if not widths:
            continue
        common, times = Counter(widths).most_common(1)[0]
        score = (widths[0] - 1) + (common - 1) * times / len(widths)
        best = max(best, (score, delimiter), key=lambda pair: pair[0])
    return best[1]
