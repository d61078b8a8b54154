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
def _longer(column: Array, used: int, room: int) -> Array:
    """Return the first `used` rows of the column with space for `room`."""
    grown = np.empty(room, dtype=column.dtype)
    grown[:used] = column[:used]
    return grown


@njit(cache=True)
def collect_shared(columns: Array, own: Array, min_seconds: int) -> Array:
    """Return the stays of others that overlap the index persons' stays for `min_seconds` or longer.

    `columns` are (arrive, leave, who, starts, longest), `own` are (who, place, since, until) of the index stays.
    The result is (place_at, who, start, seconds): those of index stay `n` are rows `place_at[n]` to `place_at[n + 1]`.
    In one thread: waking a second one takes longer than most searches (0.1 ms idle, 30 ms on a busy machine).
    Every candidate is written and the next one over it unless it counts: a branch nobody can foretell costs more.
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
        if at + last - first > len(other):
            room = 2 * (at + last - first)
            other, started, lasted = (
                _longer(other, at, room),
                _longer(started, at, room),
                _longer(lasted, at, room),
            )
        for row in range(first, last):
            start = max(arrive[row], since)
            seconds = min(leave[row], until) - start
            other[at], started[at], lasted[at] = who[row], start, seconds
            at += int(seconds >= min_seconds) & int(who[row] != me)
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
def gather_pairs(spans: Array, is_calm: Array, stays: Array, out: Array) -> int:
    """Write one row for each index person and other person; return how many.

    `spans` are (place_at, first index stay of each index person), `stays` are (who, start, seconds), `out` are (index
    number, who, n_stays, seconds, first, last). The row of a pair is found by a table with open addressing that is as
    large as the most stays beside one index person ask for, so it stays in the cache; what the index persons before
    left in it has a row before `begin` and counts as free.
    """
    place_at, by_index = spans
    other, started, lasted = stays
    out_index, out_who, out_n, out_seconds, out_first, out_last = out
    most = 1
    for index in range(len(by_index) - 1):
        most = max(most, place_at[by_index[index + 1]] - place_at[by_index[index]])
    size = 2
    while size < 2 * most:
        size *= 2
    slot = np.zeros(size, dtype=np.int64)  # rows, counted from 1
    n_pairs = 0
    for index in range(len(by_index) - 1):
        begin = n_pairs
        for n in range(by_index[index], by_index[index + 1]):
            if not is_calm[n]:
                continue
            for row in range(place_at[n], place_at[n + 1]):
                who, ended = other[row], started[row] + lasted[row]
                here = (who * 0x9E3779B1 >> 8) & (size - 1)
                at = slot[here] - 1
                while at >= begin and out_who[at] != who:
                    here = (here + 1) & (size - 1)
                    at = slot[here] - 1
                if at < begin:  # not seen beside this index person
                    at = n_pairs
                    n_pairs += 1
                    slot[here] = at + 1
                    out_index[at] = index
                    out_who[at] = who
                    out_n[at] = 1
                    out_seconds[at] = lasted[row]
                    out_first[at] = started[row]
                    out_last[at] = ended
                    continue
                out_n[at] += 1
                out_seconds[at] += lasted[row]
                out_first[at] = min(out_first[at], started[row])
                out_last[at] = max(out_last[at], ended)
    return n_pairs
