"""A bulletin as PDF."""

import hashlib
import tempfile
from pathlib import Path

from lianfang.bulletins.models import Bulletin
from lianfang.bulletins.telling import Address, document_of
from lianfang.report.document import Document
from lianfang.report.pdf import write_pdf


def pdf_of(row: Bulletin, *, language: str, address: Address) -> bytes:
    """Return the PDF in zh or en; printed once a process, for the same document is the same print."""
    return _printed(document_of(row, language=language, address=address))


_PRINTS: dict[str, bytes] = {}
_MOST_PRINTS = 32


def _printed(document: Document) -> bytes:
    key = hashlib.sha256(repr(document).encode()).hexdigest()
    if key not in _PRINTS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bulletin.pdf"
            write_pdf(document, path)
            while len(_PRINTS) >= _MOST_PRINTS:
                _PRINTS.pop(next(iter(_PRINTS)))
            _PRINTS[key] = path.read_bytes()
    return _PRINTS[key]


def name_of(row: Bulletin, language: str) -> str:
    """Return the name of the file."""
    return f"bulletin-{row.place.code}-{row.on.isoformat()}-v{row.version}-{language}.pdf"
