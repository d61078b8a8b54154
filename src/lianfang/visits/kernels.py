"""The compiled loops of the working set: over place-ordered columns, touching candidates only.

Visits of a place lie together in the order of arrival, so the candidates of a stay are the range of arrivals from (its
beginning minus the longest stay at the place) to its end, found by two binary searches.
"""

from typing import Any

import numpy as np
from numba import njit

Array = Any  # numpy arrays inside kernels


@njit(cache=True)
def fill_places(slot: Array, dense_place: Array, order: Array) -> None:
    """Write the position of each visit in place order; `slot` holds the next free position of each place."""
    for n in range(len(dense_place)):
        place = dense_place[n]
        order[n] = slot[place]
        slot[place] += 1


@njit(cache=True)
def fill_persons(slot: Array, dense_person: Array, rows: Array) -> None:
    """Write the rows of each person together; `slot` holds the next free position of each person."""
    for n in range(len(dense_person)):
        person = dense_person[n]
        rows[slot[person]] = n
        slot[person] += 1


@njit(cache=True)
def longest_stays(starts: Array, arrive: Array, leave: Array, longest: Array) -> None:
    """Write the longest stay of each place."""
    for place in range(len(longest)):
        most = 0
        for n in range(starts[place], starts[place + 1]):
            most = max(most, leave[n] - arrive[n])
        longest[place] = most


@njit(cache=True)
def _first_at(arrive: Array, low: int, high: int, value: int) -> int:
    """Return the first row in [low, high) that arrives at or after `value`."""
    while low < high:
        middle = (low + high) // 2
        if arrive[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def _longer(column: Array) -> Array:
    """Return the column with room for twice as many rows."""
    grown = np.empty(2 * len(column), dtype=column.dtype)
    grown[: len(column)] = column
    return grown


@njit(cache=True)
def collect_shared(columns: Array, own: Array, min_seconds: int) -> Array:
    """Return the stays of others that overlap the index persons' stays for `min_seconds` or longer.

    `columns` are (arrive, leave, who, starts, longest), `own` are (who, place, since, until) of the index stays.
    The result is (place_at, who, start, seconds): those of index stay `n` are rows `place_at[n]` to `place_at[n + 1]`.
    In one thread: waking a second one takes longer than most searches (0.1 ms idle, 30 ms on a busy machine).
    """
    arrive, leave, who, starts, longest = columns
    index_who, index_place, index_since, index_until = own
    place_at = np.zeros(len(index_who) + 1, dtype=np.int64)
    other, started, lasted = np.empty(4096, np.int32), np.empty(4096, np.int32), np.empty(4096, np.int32)
    at = 0
    for n in range(len(index_who)):
        place = index_place[n]
        since, until, me = index_since[n], index_until[n], index_who[n]
        low, high = starts[place], starts[place + 1]
        first = _first_at(arrive, low, high, since - longest[place] + min_seconds)
        last = _first_at(arrive, first, high, until - min_seconds + 1)
        for row in range(first, last):
            start = max(arrive[row], since)
            seconds = min(leave[row], until) - start
            if seconds >= min_seconds and who[row] != me:
                if at == len(other):
                    other, started, lasted = _longer(other), _longer(started), _longer(lasted)
                other[at], started[at], lasted[at] = who[row], start, seconds
                at += 1
        place_at[n + 1] = at
    return place_at, other[:at], started[:at], lasted[:at]


@njit(cache=True)
def count_present(place_at: Array, other: Array, seen: Array, present: Array) -> None:
    """Write the distinct people of each index stay; `seen` has one slot a person, filled with 0."""
    for n in range(len(place_at) - 1):
        count = 0
        for row in range(place_at[n], place_at[n + 1]):
            if seen[other[row]] != n + 1:
                seen[other[row]] = n + 1
                count += 1
        present[n] = count


@njit(cache=True)
def gather_pairs(spans: Array, is_calm: Array, stays: Array, slot: Array, out: Array) -> int:
    """Write one row for each index person and other person; return how many.

    `spans` are (place_at, first index stay of each index person), `stays` are (who, start, seconds), `out` are (index
    number, who, n_stays, seconds, first, last); `slot` has one place a person, filled with 0 (zeros from the system cost
    nothing until they are touched): the row of the pair, counted from 1.
    """
    place_at, by_index = spans
    other, started, lasted = stays
    out_index, out_who, out_n, out_seconds, out_first, out_last = out
    n_pairs = 0
    for index in range(len(by_index) - 1):
        begin = n_pairs
        for n in range(by_index[index], by_index[index + 1]):
            if not is_calm[n]:
                continue
            for row in range(place_at[n], place_at[n + 1]):
                at = slot[other[row]] - 1
                ended = started[row] + lasted[row]
                if at < begin:  # not seen beside this index person
                    at = n_pairs
                    n_pairs += 1
                    slot[other[row]] = at + 1
                    out_index[at] = index
                    out_who[at] = other[row]
                    out_n[at] = 0
                    out_seconds[at] = 0
                    out_first[at] = started[row]
                    out_last[at] = ended
                out_n[at] += 1
                out_seconds[at] += lasted[row]
                out_first[at] = min(out_first[at], started[row])
                out_last[at] = max(out_last[at], ended)
    return n_pairs
