"""Excel and OpenDocument workbooks, with true dates kept as dates."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lianfang.intake.reading.shape import ReadingError, shape
from lianfang.intake.table import Cell, Table

if TYPE_CHECKING:
    import fastexcel


def read_workbook(content: bytes, *, sheet: str | None = None) -> Table:
    """Return the table on `sheet`, or on the sheet with most filled cells where none is named."""
    try:
        import fastexcel  # noqa: PLC0415 - heavy and optional: a server with CSV files only starts without it
    except ImportError as missing:
        raise ReadingError(
            "Workbooks cannot be read here: the package fastexcel is not installed.",
            hint="Install lianfang[server], or save the sheet as CSV.",
        ) from missing
    try:
        book = fastexcel.read_excel(content)
    except fastexcel.FastExcelError as trouble:
        raise ReadingError(
            f"The workbook cannot be opened: {trouble}.",
            hint="Save it anew without a password, and send it again.",
        ) from trouble
    if sheet is not None and sheet not in book.sheet_names:
        raise ReadingError(
            f"The workbook has no sheet {sheet!r}.", hint=f"Name one of: {', '.join(book.sheet_names)}."
        )
    names = [sheet] if sheet is not None else list(book.sheet_names)
    filled = [(name, _lines(book, name)) for name in names]
    name, lines = max(filled, key=lambda pair: sum(len(line) - line.count(None) for line in pair[1]))
    if not lines:
        raise ReadingError(
            "The workbook is empty.", hint="Check that the export finished, and send it again."
        )
    return shape(lines, range(1, len(lines) + 1), {"kind": "workbook", "sheet": name})


def _lines(book: "fastexcel.ExcelReader", name: str) -> list[list[Cell]]:
    """Return the cells of a sheet line by line; in a column of mixed kinds (its name counts) dates come as ISO text."""
    frame = book.load_sheet(name, header_row=None, skip_rows=0, schema_sample_rows=None).to_polars()
    if frame.height == 0:
        return []
    by_column: list[list[Any]] = [frame[column].to_list() for column in frame.columns]
    return [[_cell(cell) for cell in line] for line in zip(*by_column, strict=True)]


def _cell(cell: Any) -> Cell:
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == datetime.min.time() else cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, str):
        return cell.removesuffix(" 00:00:00")
    if cell is None or isinstance(cell, (int, float, bool, date)):
        return cell
    return str(cell)
