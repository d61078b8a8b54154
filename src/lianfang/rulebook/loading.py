"""Reads rule files (TOML), checks everything that can be wrong with them, and says file, rule and field.

A folder holds any number of `*.toml` files, in subfolders as it likes. A file may hold `[[rule]]` tables, one
`[pack]` table (which names a disease), `[vocabulary.<group>]` tables, and `[items]`, which every case definition
of the same file shares.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.terms import Frozen, Name, Text
from lianfang.rulebook.vocabulary import GROUPS, Group, uses


class RulebookError(ValueError):
    """The rule files cannot be used; every problem is listed with its file, rule and field."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The rule files cannot be used:\n" + "\n".join(f"- {p}" for p in problems))


class PackHeader(Frozen):
    """The disease that a pack is about."""

    disease: Name
    name: Text
    summary: Text


@dataclass
class Loaded:
    """Everything read so far, with the file each piece came from, and the problems met."""

    editions: list[tuple[Path, RuleEdition]] = field(default_factory=list)
    packs: dict[str, PackHeader] = field(default_factory=dict)
    vocabulary: dict[Group, dict[str, Text]] = field(default_factory=lambda: {g: {} for g in GROUPS})
    problems: list[str] = field(default_factory=list)


_TEXTS = TypeAdapter(dict[Name, Text])


def read(folders: Iterable[Path]) -> Loaded:
    """Return everything in the folders, checked; RulebookError lists all problems at once."""
    loaded = Loaded()
    for folder in folders:
        if not folder.is_dir():
            loaded.problems.append(f"{folder}: must be a folder with rule files; there is none")
            continue
        for path in sorted(folder.rglob("*.toml")):
            _read_file(path, loaded)
    _replace(loaded)
    _check_names(loaded)
    _check_packs(loaded)
    _check_validity(loaded)
    if loaded.problems:
        raise RulebookError(loaded.problems)
    return loaded


def _read_file(path: Path, loaded: Loaded) -> None:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        loaded.problems.append(f"{path}: not readable as TOML: {error}")
        return
    unknown = set(content) - {"rule", "pack", "vocabulary", "items"}
    if unknown:
        loaded.problems.append(
            f"{path}: unknown table {', '.join(sorted(unknown))}; known are rule, pack, vocabulary, items"
        )
    if "pack" in content:
        _read_pack(path, content["pack"], loaded)
    for group, names in content.get("vocabulary", {}).items():
        _read_names(path, group, names, loaded)
    rules = content.get("rule", [])
    if not isinstance(rules, list):
        loaded.problems.append(f"{path}: rules must stand in [[rule]] tables, with double brackets")
        return
    for position, raw in enumerate(rules, start=1):
        _read_rule(path, position, _with_shared_items(raw, content.get("items", {})), loaded)


def _with_shared_items(raw: dict[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    parameters = raw.get("parameters")
    if not shared or not isinstance(parameters, dict) or parameters.get("kind") != "diagnosis":
        return raw
    return {**raw, "parameters": {**parameters, "items": {**shared, **parameters.get("items", {})}}}


def _read_pack(path: Path, raw: Any, loaded: Loaded) -> None:
    try:
        header = PackHeader.model_validate(raw)
    except ValidationError as error:
        loaded.problems += _sentences(f"{path}: pack", error)
        return
    if header.disease in loaded.packs:
        loaded.problems.append(
            f"{path}: pack {header.disease}: field disease: is already the name of another pack"
        )
    loaded.packs[header.disease] = header


def _read_names(path: Path, group: str, raw: Any, loaded: Loaded) -> None:
    if group not in GROUPS:
        loaded.problems.append(f"{path}: unknown vocabulary {group!r}; known are {', '.join(GROUPS)}")
        return
    try:
        loaded.vocabulary[group].update(_TEXTS.validate_python(raw))
    except ValidationError as error:
        loaded.problems += _sentences(f"{path}: vocabulary {group}", error)


def _read_rule(path: Path, position: int, raw: dict[str, Any], loaded: Loaded) -> None:
    label = f"rule {raw.get('rule_id', f'number {position}')!s} edition {raw.get('edition', '?')!s}"
    try:
        loaded.editions.append((path, RuleEdition.model_validate(raw)))
    except ValidationError as error:
        loaded.problems += _sentences(f"{path}: {label}", error)


def _sentences(where: str, error: ValidationError) -> list[str]:
    """Return one line for each complaint, with the path of the field as it is written in the file."""
    lines = []
    for detail in error.errors(include_url=False):
        place = ".".join(str(step) for step in detail["loc"] if not str(step).startswith("function-"))
        got = "" if detail["type"] == "missing" else f" Got {_short(detail['input'])}."
        lines.append(f"{where}: field {place or '(whole)'}: {detail['msg']}.{got}")
    return lines


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _replace(loaded: Loaded) -> None:
    """Drop the editions that another one replaces; replacing what does not exist is a problem."""
    known = {edition.edition_id for _, edition in loaded.editions}
    replaced: set[str] = set()
    for path, edition in loaded.editions:
        if edition.replaces is None:
            continue
        if edition.replaces not in known or edition.replaces == edition.edition_id:
            loaded.problems.append(
                f"{path}: rule {edition.edition_id}: field replaces: no other edition is called {edition.replaces!r}"
            )
        replaced.add(edition.replaces)
    loaded.editions = [(p, e) for p, e in loaded.editions if e.edition_id not in replaced]


def _check_names(loaded: Loaded) -> None:
    for path, edition in loaded.editions:
        for group, name, where in uses(edition.parameters):
            if name not in loaded.vocabulary[group]:
                loaded.problems.append(
                    f"{path}: rule {edition.edition_id}: field parameters.{where}: {name!r} is not in"
                    f" [vocabulary.{group}]; correct it or give it a name in English and Chinese there"
                )


def _check_packs(loaded: Loaded) -> None:
    for path, edition in loaded.editions:
        disease, slash, _ = edition.rule_id.partition("/")
        if slash and disease not in loaded.packs:
            loaded.problems.append(
                f"{path}: rule {edition.edition_id}: field rule_id: there is no pack {disease!r};"
                " write a [pack] table for it, or drop what stands before the slash"
            )


def _check_validity(loaded: Loaded) -> None:
    """Complain of doubled ids, of overlapping editions, of undeclared gaps and of a change of kind."""
    seen: dict[str, Path] = {}
    lines: dict[tuple[str, str], list[tuple[Path, RuleEdition]]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for path, edition in loaded.editions:
        where = f"{path}: rule {edition.edition_id}"
        if edition.edition_id in seen:
            loaded.problems.append(f"{where}: field edition: is already used in {seen[edition.edition_id]}")
        seen[edition.edition_id] = path
        kind = kinds.setdefault(edition.rule_id, edition.parameters.kind)
        if kind != edition.parameters.kind:
            loaded.problems.append(
                f"{where}: field parameters.kind: other editions of this rule are {kind!r}."
                f" Got {edition.parameters.kind!r}."
            )
        lines[edition.rule_id, edition.jurisdiction].append((path, edition))
    for line in lines.values():
        line.sort(key=lambda entry: entry[1].effective_from)
        for (_, earlier), (path, later) in pairwise(line):
            problem = _between(earlier, later)
            if problem:
                loaded.problems.append(f"{path}: rule {later.edition_id}: {problem}")


def _between(earlier: RuleEdition, later: RuleEdition) -> str:
    """Return what is wrong between two consecutive editions, or an empty string."""
    free_from = earlier.day_after()
    if free_from is None or later.effective_from < free_from:
        until = "without end" if free_from is None else f"to {earlier.effective_to}"
        return (
            f"field effective_from: overlaps with edition {earlier.edition!r}, in force {until};"
            f" give that one an effective_to before {later.effective_from}"
        )
    if later.effective_from > free_from and later.gap_before is None:
        return (
            f"field effective_from: no edition is in force from {free_from} to the day before"
            f" {later.effective_from}; close the gap or explain it in gap_before"
        )
    return ""
