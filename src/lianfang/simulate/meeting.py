"""Who meets whom, and when they are kept apart. A contact is a function of (key, person, day, layer, number)."""

import numpy as np

from lianfang.simulate.draws import Word, bits, compiled, stream, uniform
from lianfang.simulate.memory import (
    Array,
    World,
    cells,
    counties,
    group_members,
    group_spans,
    residents,
    scales,
    states,
    townships,
    wide,
)
from lianfang.simulate.state import CONTACTS, consecutive

HOUSEHOLD, SCHOOL, WORK, COMMUNITY = consecutive(4)
THINNING = 8192  # numbers of the draws that decide whether a measure leaves a contact
TRANSMISSION = 16384  # numbers of the draws that decide whether a contact infects
LOW = np.uint64(0xFFFFFFFF)


@compiled
def day_stream(key: Word, person: int, day: int, layer: int) -> Word:
    """Return the stream of the contacts of a person on a day in a layer."""
    return stream(key, person, CONTACTS + 4 * day + layer)


@compiled
def n_meetings(world: World, start: Word, person: int, layer: int) -> int:
    """Return how many contacts the person would have without measures."""
    resident = residents(world)[person]
    if layer == HOUSEHOLD:
        return int(resident.house_size) - 1
    if layer == COMMUNITY:
        return int(world.community_counts[int(bits(start, THINNING - 1) & np.uint64(4095))])
    if resident.layer != layer or resident.group < 0:
        return 0
    wanted = world.school_contacts if layer == SCHOOL else world.work_contacts
    return int(min(wanted, group_spans(world)[resident.group, 1] - 1))


@compiled
def pick(word: Word, first: int, size: int) -> int:
    """Return a number from `first` to `first + size - 1` from the low 32 bits of a word."""
    return first + int(((word & LOW) * np.uint64(size)) >> np.uint64(32))


@compiled
def meeting(world: World, start: Word, person: int, layer: int, number: int) -> tuple[int, int, int]:
    """Return the partner of a contact, its minute of the day, and how far they live apart (0 the same cell).

    The partner is the person itself where nobody else is there to be met.
    """
    word = bits(start, number)
    clock = int(word >> np.uint64(48))
    resident = residents(world)[person]
    if layer == HOUSEHOLD:
        other = wide(resident.house_start) + number
        return (other + 1 if other >= person else other), 1140 + clock % 240, 0
    if layer != COMMUNITY:
        first, size = wide(group_spans(world)[resident.group, 0]), wide(group_spans(world)[resident.group, 1])
        place = pick(word, first, size)
        if group_members(world)[place] == person:
            place = first + (place - first + 1) % size
        return wide(group_members(world)[place]), 480 + clock % 540, 0
    level = float((word >> np.uint64(32)) & np.uint64(0xFFFF)) / 65536.0
    scope = 0
    while scope < 3 and level >= world.shares[scope]:
        scope += 1
    first, size = span(world, resident, scope)
    other = pick(word, first, size)
    if other == person:
        other = first + (other - first + 1) % size
    return other, 420 + clock % 840, scope


@compiled
def span(world: World, resident: Array, scope: int) -> tuple[int, int]:
    """Return the rows among whom a community contact of a scope is drawn: cell, township, county, all."""
    if scope == 0:
        return int(cells(world)[resident.cell, 0]), int(cells(world)[resident.cell, 1])
    if scope == 1:
        return int(townships(world)[resident.township, 0]), int(townships(world)[resident.township, 1])
    if scope == 2:
        return int(counties(world)[resident.county, 0]), int(counties(world)[resident.county, 1])
    return 0, world.n_residents


@compiled
def is_apart(world: World, person: int, at: int, layer: int) -> bool:
    """Return whether bed, isolation at home or quarantine keeps the person from meetings of a layer at a minute."""
    s = states(world)[person]
    if s.bed_from <= at < s.bed_until:
        return True
    if s.home_from <= at < s.home_until:
        return bool(layer != HOUSEHOLD)
    if s.quarantine_from <= at < s.quarantine_until:
        return bool(layer != HOUSEHOLD or world.is_central == 1)
    return False


@compiled
def is_allowed(world: World, start: Word, day: int, layer: int, pair: tuple[int, int, int]) -> bool:
    """Return whether the measures in force let a contact (person, partner, number) of a day take place."""
    person, other, number = pair
    here = scales(world)[day, layer, residents(world)[person].cell]
    there = scales(world)[day, layer, residents(world)[other].cell]
    scale = min(here, there)
    return bool(scale >= 1.0 or uniform(start, THINNING + number) < scale)
