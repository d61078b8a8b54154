"""A bulletin as PDF."""

import tempfile
from pathlib import Path

from lianfang.bulletins.models import Bulletin
from lianfang.bulletins.telling import Address, document_of
from lianfang.report.pdf import write_pdf


def pdf_of(row: Bulletin, *, language: str, address: Address) -> bytes:
    """Return the PDF in zh or en."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bulletin.pdf"
        write_pdf(document_of(row, language=language, address=address), path)
        return path.read_bytes()


def name_of(row: Bulletin, language: str) -> str:
    """Return the name of the file."""
    return f"bulletin-{row.place.code}-{row.on.isoformat()}-v{row.version}-{language}.pdf"
