"""What is withheld cannot be worked out: readers with all bulletins of a week add and subtract, and find nothing."""

import numpy as np

from lianfang.bulletins.attack import Told, told_away, withhold_safely
from lianfang.bulletins.protection import COLUMNS, state_from_json, state_to_json, withhold

WHOLE = dict.fromkeys(COLUMNS, 0)


def rows_of(**totals):
    return {name: {"confirmed": new, "total": total} for name, (new, total) in totals.items()}


def test_what_is_large_is_told_and_nothing_is_withheld_without_need():
    found = withhold(rows_of(a=(5, 20), b=(0, 9)), protected="ab", whole=WHOLE, past={}, least=5)
    assert found.cells == set()


def test_a_small_count_takes_another_with_it_where_the_sum_stands_beside_it():
    rows = rows_of(a=(3, 20), b=(6, 9), c=(0, 9))
    found = withhold(rows, protected="abc", whole=WHOLE, past={}, least=5)
    assert {cell for cell in found.cells if cell[1] == "confirmed"} == {
        ("a", "confirmed"),
        ("b", "confirmed"),
    }
    alone = withhold(rows, protected="abc", whole={}, past={}, least=5)
    assert {cell for cell in alone.cells if cell[1] == "confirmed"} == {("a", "confirmed")}


def test_a_sum_is_held_back_until_the_day_before_cannot_be_taken_off():
    past, shown = {}, []
    for new, total in ((20, 20), (3, 23), (0, 23), (1, 24), (7, 31), (2, 33)):
        found = withhold(rows_of(a=(new, total)), protected="a", whole={}, past=past, least=5)
        past = state_from_json(state_to_json(found.state))
        shown.append(("a", "total") not in found.cells)
    # 3 and 1 are withheld, so is the sum while it would tell one of them or both (4); with 2 more it tells six of three.
    assert shown == [True, False, False, False, False, True]


def test_rows_that_are_not_protected_are_told_unless_they_give_others_away():
    rows = rows_of(small=(2, 2), large=(3, 400), other=(1, 90))
    found = withhold(rows, protected=["small"], whole=WHOLE, past={}, least=5)
    assert ("other", "confirmed") in found.cells
    assert ("large", "total") not in found.cells


def drawn(seed):
    rng = np.random.default_rng(seed)
    names = [f"r{n}" for n in range(rng.integers(2, 9))]
    protected = names[: rng.integers(1, len(names) + 1)]
    totals = {name: int(rng.choice([0, 0, 2, 7, 30])) for name in names}
    days = []
    for _ in range(rng.integers(1, 8)):
        new = {name: int(rng.choice([0, 0, 0, 1, 2, 3, 6, 9])) for name in names}
        totals = {name: totals[name] + new[name] for name in names}
        days.append({name: {"confirmed": new[name], "total": totals[name]} for name in names})
    return days, protected


def secrets(days, protected):
    return {
        (n, row, column)
        for n, rows in enumerate(days)
        for row in protected
        for column in COLUMNS
        if 0 < rows[row][column] < 5
    }


def told_of(days, protected, *, is_safe):
    past, told = {}, []
    for n, rows in enumerate(days):
        one = Told(day=n, rows=rows, withheld=(), whole=WHOLE)
        if is_safe:
            found = withhold_safely(one, protected=protected, past=past, least=5, earlier=told)
        else:
            found = withhold(rows, protected=protected, whole=WHOLE, past=past, least=5)
        past = found.state
        told.append(Told(day=n, rows=rows, withheld=frozenset(found.cells), whole=WHOLE))
    return told


def test_no_small_count_can_be_worked_out_from_a_week_of_bulletins():
    n_secret = n_plain = 0
    for seed in range(12):
        days, protected = drawn(seed)
        secret = secrets(days, protected)
        n_secret += len(secret)
        assert told_away(told_of(days, protected, is_safe=True), secret) == set()
        everything = [Told(day=n, rows=rows, withheld=(), whole=WHOLE) for n, rows in enumerate(days)]
        assert told_away(everything, secret) == set(), "there are no unknowns where all is told"
        bare = [
            Told(day=n, rows=rows, withheld=frozenset((r, c) for k, r, c in secret if k == n), whole=WHOLE)
            for n, rows in enumerate(days)
        ]
        n_plain += len(told_away(bare, secret))
    assert n_secret > 50
    assert n_plain > n_secret / 4, "withholding the small counts alone gives many of them away"
