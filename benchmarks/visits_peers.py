"""The peers of the search for contacts: plain pandas, brute force, and a compiled loop that does nothing but the loop.

Written apart from `lianfang.visits`, so that they can show it wrong; tests and the benchmark use them.
"""

import numpy as np
import pandas as pd
from numba import njit

PAIRS = ["index_person", "person", "n_stays", "seconds", "first", "last"]


def by_pandas(stays, windows, *, min_seconds, most_present=None):
    """Pairs and crowded stays from whole stays (one row each: person, place, kind, arrive, leave) by merging frames."""
    windows = windows.rename(columns={"person": "index_person"})
    own = stays.merge(windows, left_on="person", right_on="index_person").drop(columns="person")
    own["since"], own["until"] = own[["arrive", "opens"]].max(axis=1), own[["leave", "closes"]].min(axis=1)
    own = own[own["since"] < own["until"]]
    others = stays.rename(columns={"arrive": "came", "leave": "went"}).drop(columns="kind")
    both = own.merge(others, on="place")
    both["start"] = both[["since", "came"]].max(axis=1)
    both["seconds"] = both[["until", "went"]].min(axis=1) - both["start"]
    both = both[(both["seconds"] >= min_seconds) & (both["person"] != both["index_person"])]
    by = ["index_person", "place", "kind", "arrive", "leave"]
    present = both.groupby(by, as_index=False).agg(present=("person", "nunique"))
    crowded = present.iloc[:0]
    if most_present is not None:
        caps = present["kind"].map(lambda kind: most_present.get(int(kind), 2**62))
        crowded = present[present["present"] > caps]
        both = both.merge(present[present["present"] <= caps][by], on=by)
    both["end"] = both["start"] + both["seconds"]
    pairs = both.groupby(["index_person", "person"], as_index=False).agg(
        n_stays=("start", "size"), seconds=("seconds", "sum"), first=("start", "min"), last=("end", "max")
    )
    return pairs[PAIRS].astype(np.int64), crowded


def by_brute_force(stays, windows, *, min_seconds):
    """Pairs by looking at every two stays; `stays` are (person, place, kind, arrive, leave) tuples."""
    found = {}
    for index, opens, closes in windows:
        for own in stays:
            for other in stays:
                if own[0] != index or other[0] == index or own[1] != other[1]:
                    continue
                start = max(own[3], other[3], opens)
                end = min(own[4], other[4], closes)
                if end - start >= min_seconds:
                    n, seconds, first, last = found.get((index, other[0]), (0, 0, start, end))
                    found[index, other[0]] = (n + 1, seconds + end - start, min(first, start), max(last, end))
    rows = [(*pair, *values) for pair, values in sorted(found.items())]
    return pd.DataFrame(rows, columns=PAIRS).astype(np.int64)


@njit(cache=True)
def bound(arrive, leave, who, starts, longest, own, min_seconds):
    """The least that any search must do: read the candidates once, and add up. Returns (shared stays, seconds)."""
    n_stays = 0
    seconds = 0
    for k in range(len(own)):
        me, place, since, until = own[k]
        low, high = starts[place], starts[place + 1]
        first = low + np.searchsorted(arrive[low:high], since - longest + min_seconds)
        last = low + np.searchsorted(arrive[low:high], until - min_seconds + 1)
        for row in range(first, last):
            both = min(leave[row], until) - max(arrive[row], since)
            if both >= min_seconds and who[row] != me:
                n_stays += 1
                seconds += both
    return n_stays, seconds
