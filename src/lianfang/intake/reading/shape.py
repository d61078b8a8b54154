"""From raw lines of cells to a table: the header found, double names told apart, short and long lines handled."""

from collections.abc import Sequence

from lianfang.intake.fields import plain
from lianfang.intake.table import Cell, Table

# The entity names that SORMAS writes in a line above the header.
ENTITIES = frozenset(
    {
        "CaseData", "Person", "Location", "Symptoms", "Sample", "PathogenTest", "Vaccination", "Contact", "Event",
        "EventParticipant", "Hospitalization", "EpiData", "Immunization", "TravelEntry", "AdditionalTest",
    }
)  # fmt: skip
_LOOK_AHEAD = 30


class ReadingError(ValueError):
    """The content is no table; `hint` says what to do."""

    def __init__(self, sentence: str, *, hint: str) -> None:
        self.hint = hint
        super().__init__(sentence)


def shape(
    lines: Sequence[Sequence[Cell]],
    numbers: Sequence[int],
    reading: dict[str, str],
    *,
    has_comments: bool = True,
) -> Table:
    """Return the table: title lines above the header skipped, `##` comment lines left out, blank lines dropped.

    A line counts as blank where all its cells are. Lines shorter than the header are filled up; of longer ones the
    surplus cells are dropped where blank, and the row is named in `overlong` where not.
    """
    kept = [
        (number, line)
        for number, line in zip(numbers, lines, strict=True)
        if any(not _blank(cell) for cell in line) and not (has_comments and _is_comment(line))
    ]
    if not kept:
        raise ReadingError(
            "The file has no lines.", hint="Check that the export finished, and send it again."
        )
    header = _header_at([line for _, line in kept[:_LOOK_AHEAD]])
    groups: tuple[str, ...] = ()
    if _is_entities(kept[header][1]) and header + 1 < len(kept):
        groups = tuple(str(cell or "").strip() for cell in kept[header][1])
        header += 1
    names = _names(kept[header][1])
    if not names:
        raise ReadingError(
            "No line with column names was found.", hint="Write the names of the columns in the first line."
        )
    groups = (*groups, *([""] * (len(names) - len(groups))))[: len(names)] if groups else ()
    rows, row_numbers, overlong = [], [], set()
    for number, line in kept[header + 1 :]:
        if any(not _blank(cell) for cell in line[len(names) :]):
            overlong.add(number)
        rows.append(
            [None if _blank(cell) else cell for cell in line[: len(names)]]
            + [None] * (len(names) - len(line))
        )
        row_numbers.append(number)
    return Table(
        columns=_distinct(names, groups),
        rows=rows,
        numbers=row_numbers,
        groups=groups,
        overlong=frozenset(overlong),
        reading={**reading, "header_line": str(kept[header][0])},
    )


def _blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip("\ufeff \t\r\n\u3000\xa0"))


def _is_comment(line: Sequence[Cell]) -> bool:
    first = next((cell for cell in line if not _blank(cell)), None)
    return isinstance(first, str) and first.lstrip('\ufeff" ').startswith("##")


def _is_entities(line: Sequence[Cell]) -> bool:
    filled = [str(cell).strip() for cell in line if not _blank(cell)]
    return bool(filled) and all(cell in ENTITIES for cell in filled)


def _header_at(lines: Sequence[Sequence[Cell]]) -> int:
    """Return the first line that is as wide as the table usually is: titles above it are narrower."""
    widths = [sum(not _blank(cell) for cell in line) for line in lines]
    usual = max(widths)
    for at, (line, width) in enumerate(zip(lines, widths, strict=True)):
        words = sum(isinstance(c, str) and not _blank(c) and not _number(c) for c in line)
        if (width * 2 > usual or usual <= 2) and words * 2 >= width:
            return at
    return 0


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _names(line: Sequence[Cell]) -> list[str]:
    names = [" ".join(str(cell).strip("\ufeff \t\r\n").split()) if not _blank(cell) else "" for cell in line]
    while names and not names[-1]:
        names.pop()
    return [name or f"column {at}" for at, name in enumerate(names, start=1)]


def _distinct(names: Sequence[str], groups: Sequence[str]) -> tuple[str, ...]:
    """Return the names with ` [2]`, ` [3]` on repetitions; the same name in another group has the group before it."""
    owner: dict[str, str] = {}
    seen: dict[str, int] = {}
    taken = {plain(name) for name in names}
    result = []
    for at, raw in enumerate(names):
        group = groups[at] if groups else ""
        name = raw if owner.setdefault(raw, group) == group else f"{group}.{raw}"
        seen[name] = seen.get(name, 0) + 1
        while seen[name] > 1 and plain(f"{name} [{seen[name]}]") in taken:
            seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} [{seen[name]}]")
    return tuple(result)
