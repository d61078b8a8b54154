"""Commands of intake: files in and out, what became of them, rows that wait for a person."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lianfang.cli.door import (
    FOUND,
    Area,
    As,
    At,
    Json,
    Reason,
    acting,
    moment,
    out,
    path_of,
    progress,
    read_bytes,
    show_rows,
    start_django,
    write_bytes,
)
from lianfang.cli.taking import Said, problems_shown, summary_of, take_file, try_files

imports = typer.Typer(no_args_is_help=True)
parked = typer.Typer(no_args_is_help=True)

_Files = Annotated[list[Path], typer.Argument(help="CSV, Excel or JSON; `-` is stdin. Taken in this order.")]
_Source = Annotated[str, typer.Option(help="Short name of who sends; made where there is none.")]
_Unit = Annotated[
    str, typer.Option(help="Unit that a new source belongs to and that hears what becomes of its rows.")
]
_Target = Annotated[
    str,
    typer.Option(
        help="What the rows are: case, contact, relationship, follow_up, lab_result, screening, facility, bed_tally, bed_stay."
    ),
]
_Format = Annotated[
    str,
    typer.Option("--format", help="Refuse a file of another format: sormas, godata, who_crf, lianfang, r."),
]
_Mapping = Annotated[
    str, typer.Option(help="JSON file with columns, options or target, or the name of a remembered mapping.")
]
_Map = Annotated[
    list[str], typer.Option("--map", help="COLUMN=FIELD; COLUMN= leaves a column out. Repeat as needed.")
]
_Default = Annotated[
    list[str], typer.Option("--default", help="FIELD=VALUE where the file does not say. Repeat as needed.")
]
_Tolerate = Annotated[
    list[str],
    typer.Option("--tolerate", help="Rule of a cell that shall not park its row: the cell is left out."),
]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Accept the proposed columns of an unknown format.")]
_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, cell by cell, and leave nothing behind.")
]
_UnknownPlace = Annotated[
    str, typer.Option(help="park: rows of unknown places wait. default: they go to the unit's own place.")
]
_Undecided = Annotated[
    str, typer.Option(help="accept: look-alikes become new persons with a review. park: they wait.")
]
_Sheet = Annotated[str, typer.Option(help="Sheet of a workbook; else the first.")]
_Out = Annotated[Path | None, typer.Option("--out", help="File to write; else stdout.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to the command tree."""
    app.command("import")(import_files)
    app.command("export")(export)
    app.add_typer(
        imports, name="imports", help="What became of imports: list, show, undo; columns and mappings."
    )
    app.add_typer(
        parked, name="parked", help="Rows that could not be read: list, show, repair, set aside, try again."
    )


def import_files(
    files: _Files,
    source: _Source = "files",
    unit: _Unit = "",
    target: _Target = "",
    form: _Format = "",
    mapping: _Mapping = "",
    maps: _Map = [],  # noqa: B006 - Typer reads the default from here
    defaults: _Default = [],  # noqa: B006
    tolerate: _Tolerate = [],  # noqa: B006
    unknown_place: _UnknownPlace = "",
    undecided: _Undecided = "",
    sheet: _Sheet = "",
    yes: _Yes = False,
    dry_run: _DryRun = False,
    as_json: Json = False,
    as_user: As = None,
    at: At = None,
) -> None:
    """Take files in: good rows are accepted, the rest is parked with the reason. Sent again, or killed and sent again: nothing twice.

    Exit status 3 where rows were parked. `lianfang parked list` shows them.
    """
    when = moment(at)
    by = acting(as_user, when)
    said = Said.of(
        target=target,
        form=form,
        mapping=mapping,
        maps=maps,
        defaults=defaults,
        tolerate=tolerate,
        choices={"unknown_place": unknown_place, "undecided": undecided},
        sheet=sheet,
        yes=yes,
    )
    contents = [(path.name, read_bytes(path)) for path in files]
    sender = _sender(source, unit, by)
    if dry_run:
        results = try_files(contents, sender, said, by=by, at=when)
    else:
        results = [take_file(name, content, sender, said, by=by, at=when) for name, content in contents]
    for result in results:
        _show(result, as_json=as_json)
    if any(result["parked"] for result in results):
        raise typer.Exit(FOUND)


def _sender(source: str, unit: str, by: Any) -> tuple[str, Any]:
    """Return (code, unit) of the source: the unit named, else the user's own, else the one above all others."""
    from lianfang.core.registry.selectors import get_unit, list_units, unit_of

    if unit:
        return source, get_unit(unit)
    own = unit_of(by)
    if own is not None:
        return source, own
    tops = [one for one in list_units() if one.parent_id is None]
    if len(tops) != 1:
        raise typer.BadParameter("say which unit sends", param_hint="--unit")
    return source, tops[0]


def _show(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        out.print(json.dumps(result, ensure_ascii=False, default=str), markup=False)
        return
    out.print(summary_of(result), markup=False)
    for line in problems_shown(result):
        out.print(f"  {line}", markup=False)


def export(
    target: Annotated[
        str, typer.Argument(help="cases, contacts, relationships, follow_ups, lab_results ...")
    ],
    purpose: Annotated[str, typer.Option(help="What for; is recorded.")],
    form: Annotated[
        str, typer.Option(help="lianfang (complete), sormas, sormas_line_list or godata.")
    ] = "lianfang",
    area: Area = "",
    to: _Out = None,
    as_user: As = None,
    at: At = None,
) -> None:
    """Give records out: in Lianfang's own form, which comes back unchanged, or in that of another system."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.intake.services import export_csv
    from lianfang.intake.target import targets

    code = target if target in targets else target.removesuffix("s")
    parts = export_csv(target=code, shape=form, path=path_of(area), purpose=purpose, by=by, at=when)
    write_bytes(parts, to)


# ---- imports

_Batch = Annotated[int, typer.Argument(help="Number of the import.")]
_COUNTS = ("created", "changed", "unchanged", "parked")


@imports.command("list")
def list_imports(area: Area = "", limit: int = 50, as_json: Json = False, as_user: As = None) -> None:
    """List the imports, the newest first."""
    by = acting(as_user, moment(None))
    from lianfang.intake.selectors import list_batches

    rows = [_batch_row(line) for line in list_batches(by, path=path_of(area), limit=limit)]
    show_rows(
        rows, ("id", "file", "target", "source", "state", "rows", "accepted", "parked"), as_json=as_json
    )


def _batch_row(line: Any) -> dict[str, Any]:
    batch = line.batch
    return {
        "id": batch.pk,
        "file": batch.name,
        "target": batch.target,
        "source": batch.source.code,
        "state": line.state,
        "received_at": batch.received_at.isoformat(),
        "rows": batch.n_rows,
        "accepted": line.accepted,
        "parked": line.parked,
        "waiting": line.waiting,
    }


@imports.command("show")
def show_import(batch: _Batch, as_user: As = None) -> None:
    """Print one import as JSON: counts, columns, rules broken, what was changed in cleaning."""
    by = acting(as_user, moment(None))
    from lianfang.intake.selectors import get_batch

    line = get_batch(by, batch)
    mapping = line.batch.mapping
    row = {**_batch_row(line), "report": line.batch.report, "columns": mapping.columns if mapping else {}}
    out.print(json.dumps(row, ensure_ascii=False, default=str), markup=False)


@imports.command("undo")
def undo_import(batch: _Batch, reason: Reason, as_user: As = None, at: At = None) -> None:
    """Take an import back: its facts are withdrawn, records nothing else hangs on are gone; the file can be sent again."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.intake.selectors import get_batch
    from lianfang.intake.services import undo_batch

    done = undo_batch(batch=get_batch(by, batch).batch, reason=reason, by=by, at=when)
    counts = ", ".join(f"{n} {word}" for word, n in vars(done).items())
    out.print(f"Undone: {counts}.")


@imports.command("columns")
def show_columns(file: Path, target: _Target = "", sheet: _Sheet = "") -> None:
    """Print which column is probably which field, as JSON to correct and give to `lianfang import --mapping`."""
    when = moment(None)
    from lianfang.common.clock import local_day
    from lianfang.intake.errors import Unreadable
    from lianfang.intake.formats import plan
    from lianfang.intake.reading import ReadingError
    from lianfang.intake.reading import read_bytes as read_table

    try:
        table = read_table(read_bytes(file), sheet=sheet or None)
    except ReadingError as trouble:
        raise Unreadable(reason=str(trouble), advice=trouble.hint) from trouble
    code, proposals, options, form = plan(table, today=local_day(when), record=target)
    for one in proposals:
        progress.print(f"{one.column} -> {one.field or '-'} ({one.score:.2f}, {one.reason})", markup=False)
    shown = {
        "target": code,
        "format": form,
        "columns": {one.column: one.field for one in proposals if one.field},
        "options": dict(options),
    }
    out.print(json.dumps(shown, ensure_ascii=False, indent=2, default=str), markup=False)


@imports.command("mappings")
def list_saved_mappings(target: _Target = "", as_json: Json = False) -> None:
    """List the mappings that are remembered, the newest first."""
    start_django()
    from lianfang.intake.selectors import list_mappings

    rows = [
        {
            "name": one.name,
            "target": one.target,
            "confirmed_at": one.confirmed_at,
            "columns": len(one.columns),
        }
        for one in list_mappings(target)
    ]
    show_rows(rows, ("name", "target", "confirmed_at", "columns"), as_json=as_json)


# ---- parked rows

_Signal = Annotated[int, typer.Argument(help="Number of the parked row.")]


@parked.command("list")
def list_parked_rows(
    area: Area = "",
    batch: Annotated[int | None, typer.Option(help="Of this import only.")] = None,
    limit: int = 200,
    as_json: Json = False,
    as_user: As = None,
) -> None:
    """List the rows that wait for a person, the longest waiting first, with what keeps each out."""
    by = acting(as_user, moment(None))
    from lianfang.intake.selectors import list_parked

    rows = [
        {
            "id": row.pk,
            "target": row.target,
            "file": row.batch.name if row.batch else row.source.code,
            "row": row.row,
            "since": row.parked_at.isoformat() if row.parked_at else "",
            "problems": row.problems if as_json else _in_short(row.problems),
        }
        for row in list_parked(by, path=path_of(area), batch_id=batch, limit=limit)
    ]
    show_rows(rows, ("id", "target", "file", "row", "problems"), as_json=as_json)


def _in_short(problems: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{one['column'] or 'row'}: {one['rule']}" for one in problems if one["severity"] == "error"
    )


@parked.command("show")
def show_parked(signal: _Signal, as_user: As = None) -> None:
    """Print the fields of one row as they were received, those that name nobody, with what is wrong about each."""
    by = acting(as_user, moment(None))
    from lianfang.intake.selectors import fields_of, get_signal

    for one in fields_of(get_signal(by, signal)):
        row = {"column": one.column, "field": one.field, "value": one.value, "problems": list(one.problems)}
        out.print(json.dumps(row, ensure_ascii=False, default=str), markup=False)


@parked.command("repair")
def repair(
    signal: _Signal,
    values: Annotated[list[str], typer.Argument(help="COLUMN=VALUE; the other cells stay as they came.")],
    as_user: As = None,
    at: At = None,
) -> None:
    """Correct cells of a parked row and try it again; exit status 3 where it is parked once more."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.intake.selectors import get_signal
    from lianfang.intake.services import repair_signal

    cells = dict(one.split("=", 1) for one in values if "=" in one)
    if len(cells) != len(values):
        raise typer.BadParameter("write COLUMN=VALUE")
    repaired = repair_signal(signal=get_signal(by, signal), values=cells, by=by, at=when)
    if repaired.status != "accepted":
        out.print(f"Still parked: {_in_short(repaired.problems)}", markup=False)
        raise typer.Exit(FOUND)
    out.print(f"Taken in as signal {repaired.pk}.")


@parked.command("set-aside")
def set_aside(signal: _Signal, reason: Reason, as_user: As = None, at: At = None) -> None:
    """Leave a parked row out for good; it stays on file and is owed no longer."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.intake.selectors import get_signal
    from lianfang.intake.services import set_aside_signal

    set_aside_signal(signal=get_signal(by, signal), reason=reason, by=by, at=when)
    out.print("Set aside.")


@parked.command("replay")
def replay(area: Area = "", as_user: As = None, at: At = None) -> None:
    """Try again the rows that only waited for something that may have arrived meanwhile, such as their case."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.intake.services import replay_waiting

    out.print(f"{replay_waiting(by=by, at=when, within=path_of(area))} rows taken in.")


@parked.command("file")
def error_rows(batch: _Batch, to: _Out = None, as_user: As = None, at: At = None) -> None:
    """Give out the parked rows of an import as CSV with what is wrong beside each; corrected, it is imported like any file."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.intake.selectors import get_batch
    from lianfang.intake.services import error_file

    write_bytes([error_file(batch=get_batch(by, batch).batch, by=by, at=when)], to)
