"""Files as tables: delimited text in any encoding, workbooks, JSON. Pure; nothing is interpreted, nothing is lost."""

import hashlib
import io
import zipfile
from pathlib import Path

from lianfang.intake.reading.delimited import read_delimited
from lianfang.intake.reading.objects import read_json
from lianfang.intake.reading.shape import ReadingError
from lianfang.intake.reading.workbook import read_workbook
from lianfang.intake.table import Table

__all__ = [
    "ReadingError",
    "digest_of",
    "read_bytes",
    "read_delimited",
    "read_file",
    "read_json",
    "read_workbook",
]


def read_file(path: Path | str, *, sheet: str | None = None) -> Table:
    """Return the table in the file; the kind is told by its content, not by its name."""
    return read_bytes(Path(path).read_bytes(), sheet=sheet)


def read_bytes(content: bytes, *, sheet: str | None = None) -> Table:
    """Return the table in `content`: a workbook (xlsx, xls, ods), JSON, newline-delimited JSON or delimited text.

    Raises ReadingError with a hint where there is no table in it.
    """
    if not content.strip():
        raise ReadingError("The file is empty.", hint="Check that the export finished, and send it again.")
    if content[:4] == b"PK\x03\x04" and _is_workbook(content):
        return read_workbook(content, sheet=sheet)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return read_workbook(content, sheet=sheet)
    if content[:4] in {b"PK\x03\x04", b"%PDF"}:
        raise ReadingError(
            "The file is not a table (a document or an archive).",
            hint="Save the table as CSV, Excel or JSON, and send that.",
        )
    if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"[", b"{"}:
        return read_json(content)
    return read_delimited(content)


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of the file: the same file again is recognised by it."""
    return hashlib.sha256(content).hexdigest()


def _is_workbook(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return False
    return "[Content_Types].xml" in names or "content.xml" in names
