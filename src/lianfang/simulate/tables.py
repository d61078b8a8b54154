"""The tables of an `Outcome`, made from the logs of the run."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lianfang.simulate.city import City
from lianfang.simulate.disease import SEVERITIES
from lianfang.simulate.draws import Word, compiled, stream, uniform
from lianfang.simulate.memory import wide
from lianfang.simulate.response import LAYERS, Response
from lianfang.simulate.state import FOLLOW_UP, MINUTES, NEVER
from lianfang.simulate.work import TASK_ADMIT

if TYPE_CHECKING:
    from lianfang.simulate.outcome import Outcome

Integers = NDArray[np.int32]
SOURCES = ("outpatient", "gate", "observation", "contact test")
REASONS = ("suspect", "retest", "contact")
TASK_KINDS = ("report", "test", "investigate", "trace", "admit")
UNIT_KINDS = ("hospital", "laboratory", "cdc")
SIGNS = (("fever", 0.85), ("cough", 0.68), ("fatigue", 0.38), ("sore throat", 0.14), ("headache", 0.13))
BREATHLESS = ("short of breath", 0.7)


def named(names: tuple[str, ...], numbers: NDArray[np.generic]) -> pl.Series:
    """Return the names behind numbers; null for -1."""
    whole = numbers.astype(np.int64)
    series = pl.Series(names, dtype=pl.String).gather(np.maximum(whole, 0).astype(np.uint32))
    return series.set(pl.Series(whole < 0), None)


def known(numbers: NDArray[np.generic]) -> pl.Series:
    """Return numbers with null for -1."""
    whole = numbers.astype(np.int32)
    return pl.Series(whole).set(pl.Series(whole == NEVER), None)


def unit_codes(city: City) -> tuple[str, ...]:
    """Return the codes of the units in the order of their numbers in the logs."""
    county = [f"{code}-{kind}" for code in city.county_codes for kind in UNIT_KINDS]
    return (*county, *(f"{code}-clinic" for code in city.township_codes))


def units(city: City) -> pl.DataFrame:
    """Return unit, kind and place of all units."""
    codes = unit_codes(city)
    return pl.DataFrame(
        {
            "unit": codes,
            "kind": [code.rsplit("-", 1)[1] for code in codes],
            "place": [code.rsplit("-", 1)[0] for code in codes],
        }
    )


def infections(outcome: "Outcome") -> pl.DataFrame:
    """Return the transmission tree with the course of each infection."""
    s = outcome.states
    over = s["outcome_at"] < outcome.end
    imported = s["infector"] == NEVER
    return pl.DataFrame(
        {
            "person": outcome.infected.astype(np.int32),
            "infector": known(s["infector"]),
            "layer": named((*LAYERS, "imported"), np.where(imported, len(LAYERS), s["layer"])),
            "generation": s["generation"].copy(),
            "day": s["infected_at"] // MINUTES,
            "infected_at": outcome.moments(s["infected_at"]),
            "infectious_on": outcome.dates(s["infectious_day"] * MINUTES),
            "severity": named(SEVERITIES, s["severity"]),
            "onset_at": outcome.moments(s["onset_at"]),
            "severe_at": outcome.moments(s["severe_at"]),
            "critical_at": outcome.moments(s["critical_at"]),
            "outcome": named(("recovered", "died"), np.where(over, s["died"], NEVER)),
            "outcome_at": outcome.moments(s["outcome_at"]),
        }
    )


def course_of(outcome: "Outcome", persons: Integers, name: str) -> Integers:
    """Return a field of the state of persons; -1 for those never infected."""
    everyone = np.full(len(outcome.city), NEVER, dtype=np.int32)
    everyone[outcome.infected] = outcome.states[name]
    return np.asarray(everyone[persons], dtype=np.int32)


def reports(outcome: "Outcome") -> pl.DataFrame:
    """Return the case reports; signs and temperature are drawn from a generator of their own."""
    r = outcome.records["reports"]
    generator = np.random.default_rng([outcome.seed, 11])
    onset = course_of(outcome, r["person"], "onset_at")
    infected_at = course_of(outcome, r["person"], "infected_at")
    other = (infected_at == NEVER) | (infected_at > r["visited_at"])
    told = np.where(other, r["visited_at"] - generator.integers(720, 5000, len(r)), onset)
    told = np.where((r["source"] == SOURCES.index("contact test")) & other, NEVER, told)
    asymptomatic = (told == NEVER) | (told >= outcome.end)
    signs, temperature = _signs(outcome, asymptomatic | (told > r["visited_at"]), generator)
    kind = np.select([r["excluded_at"] != NEVER, r["confirmed_at"] == NEVER, asymptomatic], [3, 0, 2], 1)
    return pl.DataFrame(
        {
            "report": np.arange(len(r), dtype=np.int32),
            "person": r["person"].copy(),
            "source": named(SOURCES, r["source"]),
            "facility": named(unit_codes(outcome.city), r["facility"]),
            "onset_on": outcome.dates(np.maximum(told, NEVER)),
            "visited_at": outcome.moments(r["visited_at"]),
            "reported_at": outcome.moments(r["reported_at"]),
            "confirmed_at": outcome.moments(r["confirmed_at"]),
            "excluded_at": outcome.moments(r["excluded_at"]),
            "investigated_at": outcome.moments(r["investigated_at"]),
            "classification": named(("suspected", "confirmed", "asymptomatic", "excluded"), kind),
            "temperature": temperature.round(1),
            "signs": signs,
        }
    )


def _signs(
    outcome: "Outcome", asymptomatic: NDArray[np.bool_], generator: np.random.Generator
) -> tuple[pl.Series, NDArray[np.float64]]:
    """Return the signs and the temperature at the visit of each report."""
    r = outcome.records["reports"]
    severe_at = course_of(outcome, r["person"], "severe_at")
    is_severe = (severe_at != NEVER) & (severe_at <= r["visited_at"])
    table = np.array([share for _, share in (*SIGNS, BREATHLESS)])
    has = generator.random((len(r), len(table))) < table
    has[:, 0] |= r["source"] == SOURCES.index("gate")
    has[:, 1] |= ~has[:, :2].any(axis=1)
    has[:, -1] &= is_severe
    has[asymptomatic] = False
    columns = {name: has[:, place] for place, (name, _) in enumerate((*SIGNS, BREATHLESS))}
    marked = pl.DataFrame(columns).select(
        pl.when(pl.col(name)).then(pl.lit(name)).alias(name) for name in columns
    )
    lists = marked.select(pl.concat_list(pl.all()).list.drop_nulls()).to_series()
    fever = 37.4 + generator.gamma(2.5, 0.4, len(r))
    normal = generator.normal(36.6, 0.25, len(r))
    return lists, np.where(has[:, 0], np.minimum(fever, 40.8), normal)


def tests(outcome: "Outcome") -> pl.DataFrame:
    """Return the tests; the result is null until it is there."""
    t = outcome.records["tests"]
    is_there = (t["resulted_at"] != NEVER) & (t["resulted_at"] < outcome.end)
    return pl.DataFrame(
        {
            "test": np.arange(len(t), dtype=np.int32),
            "person": t["person"].copy(),
            "report": known(t["report"]),
            "reason": named(REASONS, t["reason"]),
            "laboratory": named(unit_codes(outcome.city), t["laboratory"]),
            "sampled_at": outcome.moments(t["sampled_at"]),
            "received_at": outcome.moments(t["received_at"]),
            "resulted_at": outcome.moments(t["resulted_at"]),
            "result": named(("negative", "positive"), np.where(is_there, t["is_positive"], NEVER)),
        }
    )


def laboratory_messages(outcome: "Outcome", duplicate_share: float, seed: int) -> pl.DataFrame:
    """Return the results as messages in order of arrival, some of them twice."""
    generator = np.random.default_rng([outcome.seed, seed, 12])
    frame = outcome.tests.filter(pl.col("result").is_not_null())
    first = frame.with_columns(
        message=pl.format("LAB-{}-{}", "laboratory", "test"),
        arrived_at=pl.col("resulted_at") + pl.duration(minutes=pl.lit(generator.integers(1, 30, len(frame)))),
    )
    later = pl.duration(minutes=pl.lit(generator.integers(30, 2880, len(frame))))
    again = first.with_columns(arrived_at=pl.col("arrived_at") + later).filter(
        pl.lit(generator.random(len(frame)) < duplicate_share)
    )
    return (
        pl.concat([first, again]).sort("arrived_at", "test").select("message", "arrived_at", *frame.columns)
    )


def contacts(outcome: "Outcome") -> pl.DataFrame:
    """Return the named contacts with the place where they met the case."""
    c = outcome.records["contacts"]
    return pl.DataFrame(
        {
            "contact_record": np.arange(len(c), dtype=np.int32),
            "case": c["case"].copy(),
            "contact": c["contact"].copy(),
            "report": c["report"].copy(),
            "layer": named(LAYERS, c["layer"]),
            "venue": _venues(outcome.city, c),
            "last_contact_on": outcome.dates(c["last_contact_at"]),
            "named_at": outcome.moments(c["named_at"]),
            "reached_at": outcome.moments(c["reached_at"]),
            "observed_until": outcome.dates(c["observed_until"], planned=True),
            "is_adherent": pl.Series(c["is_adherent"].astype(bool)).set(
                pl.Series(c["reached_at"] == NEVER), None
            ),
        }
    )


def _venues(city: City, c: NDArray[np.void]) -> pl.Series:
    """Return where a contact took place: home, class or team, gate of the cell, market, station, elsewhere."""
    resident = city.residents[c["case"]]
    group = pl.Series(resident["group"]).cast(pl.String)
    cell = named(city.cell_codes, resident["cell"])
    township = named(city.township_codes, resident["township"])
    county = named(city.county_codes, resident["county"])
    household = pl.Series(resident["house_start"]).cast(pl.String)
    frame = pl.DataFrame({"layer": c["layer"].copy(), "scope": c["venue"].copy()}).with_columns(
        home="home " + household,
        group="group " + group,
        gate="gate " + cell,
        market="market " + township,
        station="station " + county,
    )
    return frame.select(
        pl.when(pl.col("layer") == 0)
        .then("home")
        .when(pl.col("layer") < 3)
        .then("group")
        .when(pl.col("scope") == 0)
        .then("gate")
        .when(pl.col("scope") == 1)
        .then("market")
        .when(pl.col("scope") == 2)
        .then("station")
        .otherwise(pl.lit("elsewhere"))
    ).to_series()


def tasks(outcome: "Outcome") -> pl.DataFrame:
    """Return the tasks created before the end; a wait for a bed that ended without one is withdrawn."""
    t = outcome.records["tasks"]
    rows = np.flatnonzero(t["created_at"] < outcome.end)
    t = t[rows]
    stay = outcome.records["stays"]
    withdrawn = np.full(len(t), NEVER, dtype=np.int32)
    admits = np.flatnonzero((t["kind"] == TASK_ADMIT) & (t["done_at"] == NEVER))
    withdrawn[admits] = stay["left_at"][t["record"][admits]]
    return pl.DataFrame(
        {
            "task": rows.astype(np.int32),
            "kind": named(TASK_KINDS, t["kind"]),
            "unit": named(unit_codes(outcome.city), t["unit"]),
            "person": t["person"].copy(),
            "record": t["record"].copy(),
            "created_at": outcome.moments(t["created_at"]),
            "due_at": outcome.moments(t["due_at"], planned=True),
            "done_at": outcome.moments(t["done_at"]),
            "withdrawn_at": outcome.moments(withdrawn),
        }
    )


def stays(outcome: "Outcome") -> pl.DataFrame:
    """Return the stays in bed, and the waits for one."""
    s = outcome.records["stays"]
    return pl.DataFrame(
        {
            "person": s["person"].copy(),
            "hospital": named(unit_codes(outcome.city), 3 * s["county"]),
            "is_severe": s["is_severe"].astype(bool),
            "queued_at": outcome.moments(s["queued_at"]),
            "admitted_at": outcome.moments(s["admitted_at"]),
            "left_at": outcome.moments(s["left_at"]),
        }
    )


def followups(outcome: "Outcome", key: np.uint64) -> pl.DataFrame:
    """Return one row a reading due: twice a day from the day a contact is reached until release or report."""
    c = outcome.records["contacts"]
    c = c[(c["reached_at"] != NEVER) & (c["observed_until"] != NEVER)]
    c = c[np.argsort(c["reached_at"], kind="stable")]
    reported = _first_visits(outcome)[c["contact"]]
    until = np.minimum(np.minimum(c["observed_until"], outcome.end), reported + 1)
    last = _slot_after(until - 1)
    first = not_covered(c["contact"], _slot_after(c["reached_at"]), last, len(outcome.city))
    number = np.maximum(last - first, 0)
    row = np.repeat(np.arange(len(c)), number)
    slot = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number) + first[row]
    person, case = c["contact"][row], c["case"][row]
    at = _minute_of(slot)
    response = outcome.scenario.response or Response()
    made = readings_made(key, person, slot, response.follow_up_coverage)
    onset, over = course_of(outcome, person, "onset_at"), course_of(outcome, person, "outcome_at")
    generator = np.random.default_rng([outcome.seed, 13])
    has_fever = (onset != NEVER) & (onset <= at) & (at < over)
    temperature = np.where(
        has_fever, 37.5 + generator.gamma(2, 0.4, len(at)), generator.normal(36.5, 0.22, len(at))
    )
    frame = pl.DataFrame(
        {
            "contact": person.astype(np.int32),
            "case": case.astype(np.int32),
            "due_at": outcome.moments(at),
            "is_made": made,
            "temperature": pl.Series(temperature.round(1)).set(pl.Series(~made), None),
            "has_signs": pl.Series(has_fever).set(pl.Series(~made), None),
        }
    )
    return frame.sort("due_at", "contact")


def _slot_after(minutes: Integers) -> NDArray[np.int64]:
    """Return the number of the first reading (two a day, 08:00 and 20:00) after each minute."""
    whole = minutes.astype(np.int64)
    return np.asarray((whole - 480) // 720 + 1, dtype=np.int64)


def _minute_of(slots: NDArray[np.int64]) -> Integers:
    """Return the minute of each reading."""
    return np.asarray(slots * 720 + 480, dtype=np.int32)


def _first_visits(outcome: "Outcome") -> Integers:
    """Return for each resident the minute of the last visit that led to a report, or the end of the run."""
    first = np.full(len(outcome.city), outcome.end, dtype=np.int32)
    r = outcome.records["reports"]
    r = r[(r["excluded_at"] == NEVER)]
    first[r["person"][::-1]] = r["visited_at"][::-1]
    return first


@compiled
def not_covered(
    persons: Integers, first: NDArray[np.int64], last: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Return the first reading of each observation that no earlier one of the same person covers (end excluded)."""
    covered = np.zeros(size, dtype=np.int64)
    begins = np.empty_like(first)
    for row in range(len(persons)):
        begins[row] = max(first[row], covered[persons[row]])
        covered[persons[row]] = max(covered[persons[row]], last[row])
    return begins


@compiled
def readings_made(
    key: Word, persons: Integers, slots: NDArray[np.int64], coverage: float
) -> NDArray[np.bool_]:
    """Return whether each reading due was made: the same draws as those that decided it in the run."""
    made = np.zeros(len(persons), dtype=np.bool_)
    for row in range(len(persons)):
        draws = stream(key, wide(persons[row]), FOLLOW_UP)
        made[row] = uniform(draws, wide(slots[row])) < coverage
    return made


def daily(outcome: "Outcome") -> pl.DataFrame:
    """Return counts and stocks at the end of each day."""
    days = outcome.scenario.days
    s, records = outcome.states, outcome.records
    died = s["died"].astype(bool)
    counts = {
        "infections": s["infected_at"],
        "onsets": s["onset_at"],
        "reports": records["reports"]["reported_at"],
        "confirmed": records["reports"]["confirmed_at"],
        "tests": records["tests"]["sampled_at"],
        "positive": records["tests"]["resulted_at"][records["tests"]["is_positive"] == 1],
        "contacts_named": records["contacts"]["named_at"],
        "deaths": s["outcome_at"][died],
        "recovered": s["outcome_at"][~died],
    }
    columns: dict[str, object] = {
        "day": np.arange(days, dtype=np.int32),
        "date": pl.date_range(outcome.start, outcome.last_day(), eager=True),
    }
    for name, minutes in counts.items():
        columns[name] = _per_day(minutes, days)
    c, stay = records["contacts"], records["stays"]
    observed = c[c["observed_until"] != NEVER]
    columns["under_observation"] = _stock(observed["reached_at"], observed["observed_until"], days)
    in_bed = stay["admitted_at"] != NEVER
    columns["in_bed"] = _stock(stay["admitted_at"][in_bed], stay["left_at"][in_bed], days)
    waited = np.where(in_bed, stay["admitted_at"], stay["left_at"])
    columns["waiting_for_bed"] = _stock(stay["queued_at"], waited, days)
    t = records["tasks"]
    is_late = (t["done_at"] == NEVER) | (t["done_at"] > t["due_at"])
    columns["tasks_late"] = _per_day(t["due_at"][is_late], days)
    return pl.DataFrame(columns)


def _per_day(minutes: Integers, days: int) -> Integers:
    """Return how many of the minutes lie in each day."""
    inside = minutes[(minutes >= 0) & (minutes < days * MINUTES)]
    return np.bincount(inside // MINUTES, minlength=days).astype(np.int32)


def _stock(begins: Integers, ends: Integers, days: int) -> Integers:
    """Return how many intervals are open at the end of each day; an end of -1 is still open."""
    ended = ends[ends != NEVER]
    return np.asarray(np.cumsum(_per_day(begins, days)) - np.cumsum(_per_day(ended, days)), dtype=np.int32)
