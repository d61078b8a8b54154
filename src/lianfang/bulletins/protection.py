"""Which figures of a bulletin are withheld, so that neither they nor sums of them tell of fewer people than the rule allows.

Knows no Django. A small count of a protected row is withheld, and with it what would give it away: another row of the
column where the sum of the area stands beside it, and a cumulative count from which that of an earlier bulletin could be
taken off. What this rule overlooks is found by `attack`, which does what a reader with all the bulletins would do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace

COLUMNS = ("confirmed", "total")  # what a table with protected rows has: new of the day, and all so far
Cell = tuple[str, str]  # row, column


@dataclass(frozen=True)
class Kept:
    """What readers know of one cumulative count since it last stood in a bulletin.

    `value` is the count by the newest bulletin, `hidden` how much of it came in changes that no bulletin showed, in
    `parts` of them, and `cells` how many figures of it were withheld.
    """

    value: int = 0
    hidden: int = 0
    parts: int = 0
    cells: int = 0

    def may_show(self, least: int) -> bool:
        """Whether the count gives nothing away: what is hidden in it is a sum of several, or nothing."""
        if not self.cells:
            return self.hidden == 0 or self.hidden >= least
        return self.parts > 1 and self.hidden >= least


State = dict[str, Kept]  # row -> what readers know of its cumulative count


@dataclass(kw_only=True)
class Withheld:
    """The cells that are withheld, and what the next bulletin has to know."""

    cells: set[Cell] = field(default_factory=set)
    state: State = field(default_factory=dict)


def withhold(
    rows: Mapping[str, Mapping[str, int]],
    *,
    protected: Collection[str],
    whole: Mapping[str, int],
    past: State,
    least: int,
) -> Withheld:
    """Return what of a table is withheld.

    Each row has `COLUMNS`; `whole` has the sums that stand beside the table, without those that are withheld
    themselves. `past` is the state that the bulletin before left. Counts from 1 to `least` - 1 of protected rows are
    small.
    """
    hidden = {
        (row, column)
        for row in protected
        for column in COLUMNS
        if row in rows and 0 < rows[row][column] < least
    }
    while True:
        before = len(hidden)
        state = _states(rows, past, hidden)
        hidden |= {
            (row, "total")
            for row, one in state.items()
            if not one.may_show(least) and (row in protected or one.cells)
        }
        for column in COLUMNS:
            if column in whole:
                counts = {row: values[column] for row, values in rows.items()}
                gone = {row for row in rows if (row, column) in hidden}
                hidden |= {(row, column) for row in _besides(counts, gone, protected, least)}
        if len(hidden) == before:
            return Withheld(cells=hidden, state=state_after(rows, past, hidden))


def _since(values: Mapping[str, int], old: Kept | None, *, is_withheld: bool) -> Kept:
    """Return what readers know of a cumulative count if it stands in this bulletin; `is_withheld`: the new of the day."""
    old = old or Kept()
    change = values["total"] - old.value
    is_of_the_day = (
        change == values["confirmed"]
    )  # else something came besides: days without a bulletin, corrections
    unknown = 0 if is_of_the_day and not is_withheld else change
    return Kept(
        value=values["total"],
        hidden=old.hidden + unknown,
        parts=old.parts + is_withheld + (not is_of_the_day),
        cells=old.cells + is_withheld,
    )


def _states(rows: Mapping[str, Mapping[str, int]], past: State, hidden: Collection[Cell]) -> State:
    return {
        row: _since(values, past.get(row), is_withheld=(row, "confirmed") in hidden)
        for row, values in rows.items()
    }


def state_after(rows: Mapping[str, Mapping[str, int]], past: State, hidden: Collection[Cell]) -> State:
    """Return the state for the next bulletin: a count that stands in this one is known."""
    return {
        row: replace(one, cells=one.cells + 1) if (row, "total") in hidden else Kept(value=one.value)
        for row, one in _states(rows, past, hidden).items()
    }


def _besides(
    counts: Mapping[str, int], gone: Collection[str], protected: Collection[str], least: int
) -> set[str]:
    """Return which rows of a column are withheld besides `gone`, until these are several and their sum is not small."""
    more: set[str] = set()
    if not gone:
        return more
    n, total = len(gone), sum(counts[row] for row in gone)
    # Rows with somebody in them before empty ones, protected before others, the smallest first.
    left = sorted(
        (row for row in counts if row not in gone),
        key=lambda row: (not counts[row], row not in protected, counts[row], row),
    )
    for row in left:
        if n > 1 and total >= least:
            break
        more.add(row)
        n, total = n + 1, total + counts[row]
    return more


def state_to_json(state: State) -> dict[str, list[int]]:
    """Return the state as it is kept."""
    return {row: list(astuple(one)) for row, one in state.items()}


def state_from_json(held: Mapping[str, Sequence[int]]) -> State:
    """Return the state that was kept."""
    return {row: Kept(*numbers) for row, numbers in held.items()}
