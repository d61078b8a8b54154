"""The command that turns a line list into a situation report, without a database."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lianfang.cli.door import out, progress

if TYPE_CHECKING:
    from lianfang.report.figures import Figures
    from lianfang.report.reading import CaseFile, LinkFile

_DAY = "%Y-%m-%d"


def add_to(app: typer.Typer) -> None:
    """Add the command to the top of the command tree."""
    app.command()(report)


def report(
    linelist: Annotated[Path, typer.Argument(help="Line list: CSV, Excel or JSON, in any known format.")],
    contacts: Annotated[
        Path | None, typer.Option(help="Who was in contact with whom: pairs of case numbers.")
    ] = None,
    disease: Annotated[
        str,
        typer.Option(
            help="Disease pack (covid_19_cn_2020, ebola, mers, measles) or disease with published delays."
        ),
    ] = "",
    area: Annotated[str, typer.Option(help="Name of the area, for the title.")] = "",
    language: Annotated[str, typer.Option(help="zh or en.")] = "en",
    folder: Annotated[Path, typer.Option("--out", help="Where the report is written.")] = Path(),
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=[_DAY], help="Report as known on this day; else the last of the file."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of random draws.")] = 20,
) -> None:
    """Write a situation report as HTML and PDF: curve, R, delays, fatality, chains, alerts, forecast, data quality."""
    from lianfang.intake.reading import ReadingError
    from lianfang.report.reading import read_line_list, read_links
    from lianfang.report.words import LANGUAGES

    if language not in LANGUAGES:
        raise typer.BadParameter(f"write one of {', '.join(LANGUAGES)}", param_hint="--language")
    today = datetime.now().astimezone().date()
    try:
        file = read_line_list(_content(linelist), today=today)
        links = None if contacts is None else read_links(_content(contacts), today=today)
    except ReadingError as error:
        raise _refused(str(error), error.hint) from error
    figures = _figures(file, links, today=today, disease=disease, as_of=as_of, seed=seed)
    _write(figures, folder, linelist.stem, language=language, area=area)


def _figures(
    file: "CaseFile",
    links: "LinkFile | None",
    *,
    today: date,
    disease: str,
    as_of: datetime | None,
    seed: int,
) -> "Figures":
    from lianfang.report.figures import compute
    from lianfang.report.natural_history import UnknownDiseaseError

    day = None if as_of is None else as_of.date()
    try:
        return compute(file, today=today, links=links, disease=disease, as_of=day, seed=seed)
    except UnknownDiseaseError as error:
        raise _refused(str(error), "Or leave --disease out; parts that need it are then left out.") from error


def _write(figures: "Figures", folder: Path, name: str, *, language: str, area: str) -> None:
    from lianfang.report.pages import html_page
    from lianfang.report.pdf import write_pdf
    from lianfang.report.story import tell

    document = tell(figures, language=language, area=area)
    folder.mkdir(parents=True, exist_ok=True)
    page, paper = (folder / f"{name}-report-{language}{ending}" for ending in (".html", ".pdf"))
    page.write_text(html_page(document), encoding="utf-8")
    write_pdf(document, paper)
    out.print(str(page), markup=False)
    out.print(str(paper), markup=False)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refused(f"{path} cannot be read: {error.strerror}.", "Check the name of the file.") from error


def _refused(sentence: str, hint: str) -> typer.Exit:
    """Say on stderr what was wrong and what to do, and leave with status 1."""
    progress.print(sentence, markup=False)
    progress.print(hint, markup=False)
    return typer.Exit(1)
