"""The facts that one row of a line list states about its case, not yet compared with what is on file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from lianfang.cases.models import Classification, Outcome
from lianfang.cases.targets.reading import as_day, as_moment
from lianfang.common.clock import start_of

HOSPITAL_STAY = "hospital_stay"
INFECTION = "infection"
AFFECTED_AREA = "affected_area"
FLAGS = {"health_worker": "flag.health_worker", "pregnant": "flag.pregnant"}


@dataclass(kw_only=True)
class Wanted:
    """One fact as the row states it: the model's name, what tells it from others of its kind, and its columns.

    `said` are the columns that the row itself gave: only these are compared with what is on file.
    """

    model: str
    slot: tuple[Any, ...]
    columns: dict[str, Any]
    said: frozenset[str]
    sample: "Wanted | None" = None  # of a result
    corrects: bool = True  # whether it may take the place of one that an import brought
    row: Any = field(default=None, repr=False)  # the model instance once it is made


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A row's facts, with the number of the source case that the links name, to be looked up."""

    facts: list[Wanted]
    source_number: str = ""


def stated_by(values: Mapping[str, Any], *, signal_id: int, disease: str, at: datetime) -> Stated:
    """Return everything that the row states about its case; `at` stands in where it gives no time of report."""
    reported = as_moment(values.get("reported_at"))
    onset = as_day(values.get("onset_on"))
    seen = start_of(onset) if onset else (reported or at)
    facts = [*_report(values, signal_id, reported or at), *_signs(values, onset, seen)]
    facts += _links(values, disease, seen)
    facts += _samples(values, seen)
    facts += _outcome(values, reported or at)
    return Stated(facts=facts, source_number=str(values.get("source_number") or ""))


def _report(values: Mapping[str, Any], signal_id: int, received: datetime) -> Iterator[Wanted]:
    diagnosis = values.get("classification") or Classification.SUSPECTED
    is_case = diagnosis in {Classification.CONFIRMED, Classification.ASYMPTOMATIC}
    given = (
        values.get("confirmed_at") if is_case and values.get("confirmed_at") else values.get("diagnosed_at")
    )
    occurred = as_moment(given)
    said = {
        name
        for name, is_given in (
            ("diagnosis", values.get("classification")),
            ("occurred_at", occurred),
            ("received_at", values.get("reported_at")),
        )
        if is_given
    }
    columns = {
        "diagnosis": diagnosis,
        "occurred_at": occurred or received,
        "received_at": received,
        "signal_id": signal_id,
    }
    yield Wanted(model="Report", slot=("report",), columns=columns, said=frozenset(said))


def _signs(values: Mapping[str, Any], onset: date | None, seen: datetime) -> Iterator[Wanted]:
    if onset is not None:
        columns = {
            "code": "onset",
            "present": True,
            "is_onset": True,
            "occurred_at": start_of(onset),
            "value": None,
        }
        yield Wanted(model="Sign", slot=("onset",), columns=columns, said=frozenset({"occurred_at"}))
    for field_, value in values.items():
        code = field_.removeprefix("sign.") if field_.startswith("sign.") else FLAGS.get(field_)
        if code is not None:
            present = value if isinstance(value, bool) else value == "yes"
            columns = {
                "code": code,
                "present": present,
                "is_onset": False,
                "occurred_at": seen,
                "value": None,
            }
            yield Wanted(model="Sign", slot=(code,), columns=columns, said=frozenset({"present"}))
    if values.get("temperature") is not None:
        columns = {
            "code": "temperature",
            "present": None,
            "is_onset": False,
            "occurred_at": seen,
            "value": float(values["temperature"]),
        }
        yield Wanted(model="Sign", slot=("temperature",), columns=columns, said=frozenset({"value"}))


def contact_kind(disease: str) -> str:
    """Return the name that the disease's pack has for contact with a case."""
    return "contact_with_infected" if disease.startswith("covid_19") else "contact_with_case"


def _links(values: Mapping[str, Any], disease: str, seen: datetime) -> Iterator[Wanted]:
    first, last = as_day(values.get("exposed_from_on")), as_day(values.get("exposed_to_on"))
    contact = contact_kind(disease)
    place = str(values.get("exposure_place") or "")[:200]
    if values.get("source_number") or values.get("contact_with_case"):
        yield _link(contact, (first, last, place), seen)
    elif first or last or place or values.get("travelled"):
        yield _link(AFFECTED_AREA if values.get("travelled") else "exposure", (first, last, place), seen)
    infected = as_day(values.get("infected_on"))
    if infected:
        yield _link(INFECTION, (infected, infected, ""), seen)
    stay = (as_day(values.get("admitted_on")), as_day(values.get("discharged_on")))
    hospital = str(values.get("hospital") or "")[:200]
    if any(stay) or hospital:
        yield _link(HOSPITAL_STAY, (*stay, hospital), seen)


def _link(kind: str, what: tuple[date | None, date | None, str], seen: datetime) -> Wanted:
    first, last, place = what
    columns = {"kind": kind, "from_on": first, "to_on": last, "place_text": place, "source_case_id": None}
    columns["occurred_at"] = start_of(first) if first else seen
    said = frozenset(name for name in ("from_on", "to_on", "place_text") if columns[name])
    return Wanted(model="EpiLink", slot=(kind,), columns=columns, said=said)


def _samples(values: Mapping[str, Any], seen: datetime) -> Iterator[Wanted]:
    samples: dict[str, dict[str, Any]] = {}
    results: dict[tuple[str, str], dict[str, Any]] = {}
    for code, value in values.items():
        name, mark, turn = code.partition("#")
        if not mark:
            continue
        group, _, column = name.partition(".")
        sample, _, test = turn.partition(".")
        if group == "sample":
            samples.setdefault(sample, {})[column] = value
        elif group == "result":
            results.setdefault((sample, test or "1"), {})[column] = value
    made: dict[str, Wanted] = {}
    for turn in sorted({*samples, *(sample for sample, _ in results)}):
        times = [as_moment(given.get("at")) for (sample, _), given in results.items() if sample == turn]
        earliest = min((moment for moment in times if moment), default=seen)
        made[turn] = _sample(turn, samples.get(turn, {}), earliest)
        yield made[turn]
    is_case = values.get("classification") in {Classification.CONFIRMED, Classification.ASYMPTOMATIC}
    for (turn, test), given in sorted(results.items()):
        if given.get("finding"):
            yield result_of(given, made[turn])
        elif is_case and given.get("at") and (turn, test) == ("1", "1"):
            # A list of confirmed cases with a day of the laboratory and no column for the result: the positive one.
            yield result_of({**given, "finding": "positive"}, made[turn])


def _sample(turn: str, given: Mapping[str, Any], otherwise: datetime) -> Wanted:
    taken = as_moment(given.get("taken_at"))
    columns = {
        "number": str(given.get("number") or f"S{turn}"),
        "specimen": given.get("specimen") or "",
        "occurred_at": taken or otherwise,
        "received_at": as_moment(given.get("received_at")),
        "shipped_at": as_moment(given.get("shipped_at")),
        "condition": str(given.get("condition") or "")[:20],
        "laboratory": given.get("laboratory"),
    }
    said = {name for name in ("specimen", "received_at", "shipped_at", "condition") if columns[name]}
    said |= {"occurred_at"} if taken else set()
    return Wanted(model="Sample", slot=(columns["number"],), columns=columns, said=frozenset(said))


def result_of(given: Mapping[str, Any], sample: Wanted) -> Wanted:
    """Return the wanted result; without a number of its own its test and moment name it."""
    kind = given.get("kind") or "other"
    at = as_moment(given.get("at"))
    occurred = at or sample.columns["received_at"] or sample.columns["occurred_at"]
    columns = {
        "kind": kind,
        "finding": given["finding"],
        "occurred_at": occurred,
        "value": given.get("value"),
        "key": str(given.get("key") or f"{kind}:{int(occurred.timestamp())}")[:120],
        "laboratory": sample.columns["laboratory"],
    }
    said = {name for name in ("finding", "value") if columns[name] is not None} | (
        {"occurred_at"} if at else set()
    )
    return Wanted(
        model="Result",
        slot=(sample.columns["number"], columns["key"]),
        columns=columns,
        said=frozenset(said),
        sample=sample,
    )


def _outcome(values: Mapping[str, Any], reported: datetime) -> Iterator[Wanted]:
    kind = values.get("outcome")
    on = as_day(values.get("outcome_on"))
    if values.get("died_on") and kind in {None, Outcome.Kind.DIED, Outcome.Kind.ILL, Outcome.Kind.UNKNOWN}:
        kind, on = Outcome.Kind.DIED, as_day(values["died_on"]) or on
    if kind is None:
        return
    columns = {"kind": kind, "on": on, "occurred_at": start_of(on) if on else reported}
    yield Wanted(
        model="Outcome",
        slot=("outcome",),
        columns=columns,
        said=frozenset({"kind"} | ({"on"} if on else set())),
    )
