"""Writes the reference page of the rulebook: every rule, edition, date, number and source, from the data itself."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from lianfang.rulebook.book import Rulebook
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.kinds.case_definition import AllOf, AnyOf, AtLeast, DiagnosisParameters, Item, NoneOf
from lianfang.rulebook.terms import CONFIDENCE_MEANING, Frozen, Interval, Text, Threshold

INTRODUCTION = """# The rules

This page is written from the rule files by `lianfang.rulebook.render_reference`; do not edit it by hand.
A record stores the edition it was derived by, such as `covid_19_cn_2020/diagnosis@7`.
Place codes are the beginnings of GB/T 2260 codes; an empty place is everywhere. The last day in force is included.

| sure | meaning | 含义 |
|---|---|---|
"""


def render_reference(book: Rulebook) -> str:
    """Return the whole page as Markdown; the same rules give the same text, byte for byte."""
    lines = [INTRODUCTION.rstrip("\n")]
    lines += [f"| {c} | {meaning.en} | {meaning.zh} |" for c, meaning in CONFIDENCE_MEANING.items()]
    lines += ["", f"{len(book.rule_ids())} rules in {len(book.all_editions())} editions.", ""]
    lines += ["## General rules", ""]
    for rule_id in book.rule_ids():
        if "/" not in rule_id:
            lines += _rule(book, rule_id)
    for disease, name in book.diseases().items():
        lines += [f"## {name.en} ({name.zh})", "", f"`{disease}`. {_text(book.pack(disease).summary)}", ""]
        for rule_id in book.pack(disease).rule_ids():
            lines += _rule(book, rule_id)
    lines += _unsure(book)
    return "\n".join(lines).rstrip("\n") + "\n"


def _rule(book: Rulebook, rule_id: str) -> list[str]:
    editions = book.editions(rule_id)
    lines = [
        f"### `{rule_id}`",
        "",
        "| edition | in force | place | sure | source |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {e.edition} | {e.effective_from} to {e.effective_to or 'now'} | {e.jurisdiction} | {e.confidence}"
        f" | {_cell(e.source)} |"
        for e in editions
    ]
    lines.append("")
    earlier: RuleEdition | None = None
    for edition in editions:
        lines += _edition(edition, earlier)
        earlier = edition
    return lines


def _edition(edition: RuleEdition, earlier: RuleEdition | None) -> list[str]:
    lines = [f"**{edition.edition}: {_text(edition.title)}** (issued {edition.issued_on})", ""]
    if edition.note is not None:
        lines += [_text(edition.note), ""]
    if edition.gap_before is not None:
        lines += [f"No edition was in force just before: {_text(edition.gap_before)}", ""]
    if isinstance(edition.parameters, DiagnosisParameters):
        before = earlier.parameters if earlier is not None else None
        known = before.items if isinstance(before, DiagnosisParameters) else {}
        lines += _definition(edition.parameters, known)
    else:
        lines += [f"- {path}: {value}" for path, value in _flat(edition.parameters, "") if path != "kind"]
    lines += [f"- doubt ({d.confidence}) about {p}: {_text(d.note)}" for p, d in edition.doubts.items()]
    return [*lines, ""]


def _definition(rule: DiagnosisParameters, known: Mapping[str, Item]) -> list[str]:
    """Return a case definition; items that read as in the edition listed before it are not repeated."""
    lines = [f"- min_positive_labs: {rule.min_positive_labs}"]
    for number, criterion in enumerate(rule.criteria, start=1):
        lines.append(
            f"- {number}. `{criterion.criterion_id}` gives {criterion.status} ({_text(criterion.label)}):"
            f" {_text(criterion.text)}. `{_tree(criterion.when)}`"
        )
    same = [name for name, item in rule.items.items() if known.get(name) == item]
    if same:
        lines.append(f"- items as in the edition above: {', '.join(f'`{name}`' for name in same)}")
    for name, item in rule.items.items():
        if name in same:
            continue
        how = _tree(item.when) if item.when is not None else _inline(item.test)
        lines.append(f"- item `{name}`: {_text(item.text)}. `{how}`")
    return lines


def _tree(node: object) -> str:
    if isinstance(node, AllOf):
        return "(" + " and ".join(_tree(m) for m in node.members) + ")"
    if isinstance(node, AnyOf):
        return "(" + " or ".join(_tree(m) for m in node.members) + ")"
    if isinstance(node, NoneOf):
        return "none of (" + ", ".join(_tree(m) for m in node.members) + ")"
    if isinstance(node, AtLeast):
        return f"at least {node.n} of (" + ", ".join(_tree(m) for m in node.members) + ")"
    return str(node)


def _inline(test: Frozen | None) -> str:
    return "; ".join(f"{path} {value}" for path, value in _flat(test, ""))


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield (dotted path, value as text) for everything that is set below `value`."""
    if value is None or value in ((), "", {}):
        return
    if isinstance(value, Text):
        yield path, _text(value)
    elif isinstance(value, Frozen) and not isinstance(value, Threshold | Interval):
        for name in type(value).model_fields:
            yield from _flat(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}")
    elif isinstance(value, tuple):
        yield from _members(value, path)
    else:
        yield path, str(value)


def _members(values: tuple[object, ...], path: str) -> Iterator[tuple[str, str]]:
    if not any(isinstance(member, Frozen) for member in values):
        yield path, ", ".join(str(member) for member in values)
        return
    for number, member in enumerate(values, start=1):
        yield path, f"{number}. " + "; ".join(text for _, text in _flat(member, ""))


def _unsure(book: Rulebook) -> list[str]:
    lines = [
        "## What is not sure",
        "",
        "Rules and parameters of confidence M or X: check them before relying on them.",
        "",
    ]
    lines += ["| edition | parameter | sure | why |", "|---|---|---|---|"]
    for edition_id, group in groupby(book.unsure(), key=lambda u: u.edition.edition_id):
        lines += [
            f"| `{edition_id}` | {u.parameter or 'all'} | {u.confidence} | {_cell(_text(u.note))} |"
            for u in group
        ]
    return lines


def _text(text: Text) -> str:
    return f"{text.en} / {text.zh}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
