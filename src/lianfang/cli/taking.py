"""Taking one file in from the command line: received, mapped, tried or accepted, and told as one record of the result."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from lianfang.cli.door import progress, track

if TYPE_CHECKING:
    from lianfang.core.access.actor import Actor

_SHOWN = 20  # problems on a terminal; --json has those that the report keeps
_WORDS = ("created", "changed", "unchanged", "parked")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the person said about the files."""

    target: str = ""
    form: str = ""
    sheet: str = ""
    yes: bool = False
    columns: Mapping[str, str] | None = None  # of a mapping that was named
    options: Mapping[str, Any] = field(default_factory=dict)
    maps: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *,
        mapping: str,
        maps: Sequence[str],
        defaults: Sequence[str],
        tolerate: Sequence[str],
        choices: Mapping[str, str],
        **rest: Any,
    ) -> "Said":
        """Read the options of the command line; a wrong one is wrong use."""
        named = _named_mapping(mapping) if mapping else {}
        options = dict(named.get("options", {}))
        options |= {name: choice for name, choice in choices.items() if choice}
        if defaults:
            options["defaults"] = {**options.get("defaults", {}), **_pairs(defaults, "--default")}
        if tolerate:
            options["tolerate"] = [*options.get("tolerate", ()), *tolerate]
        rest["target"] = rest["target"] or named.get("target", "")
        return cls(columns=named.get("columns"), options=options, maps=_pairs(maps, "--map"), **rest)


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    if any("=" not in text for text in texts):
        raise typer.BadParameter("write NAME=VALUE", param_hint=option)
    return dict(text.split("=", 1) for text in texts)


def _named_mapping(name: str) -> dict[str, Any]:
    """Return a mapping from a JSON file, or the one remembered under the name."""
    path = Path(name)
    if path.suffix != ".json":
        from lianfang.intake.selectors import get_mapping

        saved = get_mapping(name)
        return {"target": saved.target, "columns": saved.columns, "options": saved.options}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(
            f"{name} is not a mapping in JSON: {error}", param_hint="--mapping"
        ) from error
    if not isinstance(found, dict) or not {"columns", "options"} & set(found):
        raise typer.BadParameter(f"{name} has neither `columns` nor `options`", param_hint="--mapping")
    return found


def take_file(
    name: str, content: bytes, sender: tuple[str, Any], said: Said, *, by: "Actor", at: datetime
) -> dict[str, Any]:
    """Take a file in and return what became of it; killed at any moment, the same call again goes on where it stopped."""
    from lianfang.intake.services import accept_batch

    batch, n_known = _received(name, content, sender, said, by=by, at=at)
    with track(name) as tell:
        report = accept_batch(batch=batch, by=by, at=at, tell=tell)
    return _told(name, batch, report, n_known)


def try_files(
    contents: Sequence[tuple[str, bytes]], sender: tuple[str, Any], said: Said, *, by: "Actor", at: datetime
) -> list[dict[str, Any]]:
    """Take the files in, one after the other so that the later find what the earlier bring, and undo all of it."""
    from django.db import transaction

    with transaction.atomic():
        results = [take_file(name, content, sender, said, by=by, at=at) for name, content in contents]
        transaction.set_rollback(True)
    return [{**result, "batch": None, "dry_run": True} for result in results]


def _received(
    name: str, content: bytes, sender: tuple[str, Any], said: Said, *, by: "Actor", at: datetime
) -> tuple[Any, int]:
    """Return the batch with its mapping confirmed, and how many of its rows were known before."""
    from django.db import transaction

    from lianfang.intake.services import confirm_mapping, ensure_source, propose_mapping, receive_file

    code, unit = sender
    # One act: a file whose columns nobody confirms leaves nothing behind.
    with transaction.atomic():
        source = ensure_source(code=code, unit=unit, by=by, at=at)
        received = receive_file(
            content=content,
            name=name,
            source=source,
            target=said.target,
            sheet=said.sheet,
            form=said.form,
            by=by,
            at=at,
        )
        if received.batch.mapping is None:
            plan = propose_mapping(batch=received.batch, by=by, at=at, target=said.target)
            confirm_mapping(
                batch=received.batch,
                columns=_columns(plan, said),
                options=_options(plan, said),
                target=plan.target,
                by=by,
                at=at,
            )
    received.batch.refresh_from_db()
    return received.batch, received.n_known


def _columns(plan: Any, said: Said) -> dict[str, str]:
    """Return column -> field: the named mapping, else the proposal where it may be taken without asking; then --map."""
    if said.columns is not None:
        columns = {
            one.column: said.columns[one.column] for one in plan.proposals if one.column in said.columns
        }
    else:
        _refuse_guesses(plan, said)
        columns = plan.columns
    taken = set(said.maps.values())
    kept = {column: code for column, code in columns.items() if code not in taken} | dict(said.maps)
    return {column: code for column, code in kept.items() if code}


def _refuse_guesses(plan: Any, said: Said) -> None:
    """Raise NoMapping where columns were guessed and nobody said yes; known formats and confirmed columns need no asking."""
    from lianfang.intake.errors import NoMapping

    guessed = [one for one in plan.proposals if one.field and one.reason not in {"format", "remembered"}]
    if not guessed or said.yes:
        return
    for one in plan.proposals:
        progress.print(f"{one.column} -> {one.field or '-'} ({one.score:.2f}, {one.reason})", markup=False)
    progress.print("Right? Then add --yes. Else correct with --map COLUMN=FIELD or --mapping.", markup=False)
    raise NoMapping


def _options(plan: Any, said: Said) -> dict[str, Any]:
    options = {**plan.options, **said.options}
    defaults = {**plan.options.get("defaults", {}), **said.options.get("defaults", {})}
    return {**options, "defaults": defaults} if defaults else options


def _told(name: str, batch: Any, report: Any, n_known: int) -> dict[str, Any]:
    """Return the result as it is printed: what this run did, and what the import amounts to."""
    said = report.as_json()
    return {
        "file": name,
        "batch": batch.pk,
        "dry_run": False,
        "target": batch.target,
        "rows": batch.n_rows,
        "known": n_known,
        **{word: said[word] for word in (*_WORDS, "matched", "undecided", "warnings")},
        "columns": batch.mapping.columns,
        **{part: said[part] for part in ("rules", "problems", "changes", "decisions")},
    }


def summary_of(result: Mapping[str, Any]) -> str:
    """Return one line for people."""
    number = "tried, nothing kept" if result["dry_run"] else f"import {result['batch']}"
    counts = ", ".join(f"{result[word]:,} {word}" for word in _WORDS)
    people = f"{result['matched']:,} of known persons, {result['undecided']:,} to be decided"
    return f"{result['file']} ({number}, {result['target']}): {result['rows']:,} rows: {counts}; {people}"


def problems_shown(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the problems cell by cell, at most twenty, then how many there are of each rule."""
    for one in result["problems"][:_SHOWN]:
        value = f" {one['value']!r}" if one["value"] else ""
        yield f"row {one['row']}, {one['column'] or 'the row'}{value}: {one['rule']} ({one['severity']}): {one['hint']}"
    if sum(result["rules"].values()) > _SHOWN:
        for rule, n in sorted(result["rules"].items(), key=lambda pair: -pair[1]):
            yield f"{n:,} times {rule}"
