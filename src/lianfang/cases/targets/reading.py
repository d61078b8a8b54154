"""From the words of a row to what the registry and the facts take: people, places, days, moments. Shared by all targets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from lianfang.common.clock import local_day, site_zone, start_of
from lianfang.core.access.actor import Actor, Scope
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.matching import MatchResult, PersonCandidate, Verdict, match_many
from lianfang.core.registry.models import Identity, IdentityKind, Person, Place, Sex, Unit
from lianfang.core.registry.services import add_identity, change_person, register_people
from lianfang.core.registry.services.reviews import propose_matches
from lianfang.intake.table import Hint
from lianfang.intake.target import Context, Outcome, Row

_PARTICULARS: tuple[tuple[str, IdentityKind], ...] = (
    ("phone", IdentityKind.PHONE),
    ("national_id", IdentityKind.NATIONAL_ID),
    ("passport", IdentityKind.PASSPORT),
    ("email", IdentityKind.EMAIL),
    ("address", IdentityKind.ADDRESS),
    ("guardian", IdentityKind.GUARDIAN),
    ("name", IdentityKind.NAME),
)
_UNITS_OF_AGE = {"years": 1.0, "months": 1 / 12, "days": 1 / 365.25}
UNKNOWN_PLACE = "place.unknown"


def as_day(value: Any) -> date | None:
    """Return the day at the site."""
    if isinstance(value, datetime):
        return local_day(value) if value.tzinfo else value.date()
    return value if isinstance(value, date) else None


def as_moment(value: Any) -> datetime | None:
    """Return the moment; a day is its first moment at the site, a time without zone is the site's."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=site_zone())).replace(microsecond=0)
    return start_of(value) if isinstance(value, date) else None


def place_of(row: Row, outcome: Outcome, context: Context) -> Place | None:
    """Return the place that the row names, the receiving unit's where it names none; park the row where it is unknown."""
    found = context.places.find(row.values, within=context.place.path)
    if found.place is not None:
        return found.place
    if not found.field or context.options.get("unknown_place") == "default":
        return context.place
    hint = (
        Hint(
            "No such place is on file. Perhaps {places}. Load it, say what the word means, or let unknown places be your own.",
            places=", ".join(found.nearest),
        )
        if found.nearest
        else Hint(
            "No such place is on file. Load it, say what the word means, or let unknown places be your own."
        )
    )
    outcome.park(
        row,
        column=found.field,
        value=row.values.get(found.field, ""),
        rule=UNKNOWN_PLACE,
        hint=hint,
    )
    return None


def candidate_of(values: Mapping[str, Any], place: Place, on: date) -> PersonCandidate:
    """Return the person as the row tells it; `on` is the day on which the age was so."""
    born = values.get("birth_date") or _from_parts(values)
    year, estimated = values.get("birth_year"), False
    if born is None and year is None and (age := _age(values)) is not None:
        year, estimated = on.year - int(age), True
    address = " ".join(
        str(values[k]) for k in ("address", "house_number", "postal_code", "city") if values.get(k)
    )
    return PersonCandidate(
        name=name_of(values),
        sex=values.get("sex") or Sex.UNKNOWN,
        birth_date=as_day(born),
        birth_year=year,
        birth_year_is_estimated=estimated,
        phone=values.get("phone", ""),
        national_id=values.get("national_id", ""),
        passport=values.get("passport", ""),
        email=values.get("email", ""),
        address=address if values.get("address") else "",
        guardian=values.get("guardian", ""),
        occupation=str(values.get("occupation", ""))[:60],
        place_id=place.id,
        path=place.path,
    )


def name_of(values: Mapping[str, Any]) -> str:
    """Return the full name: as given, else put together, family name first and without a space in Chinese."""
    if values.get("name"):
        return str(values["name"])
    family, given = values.get("family_name", ""), values.get("given_name", "")
    if family and "\u4e00" <= family[0] <= "\u9fff":
        return f"{family}{given}"
    return " ".join(part for part in (given, values.get("middle_name", ""), family) if part)


def _from_parts(values: Mapping[str, Any]) -> date | None:
    parts = [values.get(name) for name in ("birth_year", "birth_month", "birth_day")]
    if any(part is None for part in parts):
        return None
    try:
        return date(*(int(part) for part in parts if part is not None))
    except ValueError:
        return None  # 31 June: the year still counts


def _age(values: Mapping[str, Any]) -> float | None:
    age = values.get("age")
    if age is None:
        months = values.get("age_months")
        return None if months is None else float(months) / 12
    return float(age) * _UNITS_OF_AGE.get(values.get("age_unit") or "years", 1.0)


@dataclass(frozen=True, slots=True)
class Met:
    """The person of a row: a known one, or one registered for it."""

    person: Person
    is_new: bool


def resolve(
    drafts: Sequence[tuple[Row, Outcome, PersonCandidate]],
    context: Context,
    numbered: Callable[[set[int]], set[int]] | None = None,
) -> list[Met | None]:
    """Return the person of each row; None where it was parked because it cannot be decided who it is.

    Two records to which their own system gives two ids are not made one without a person's word, however alike:
    such a pair goes to review. `numbered` returns which of some people have a record with an id of that system; where
    it is not given, the ids of the rows are no ids of people.
    """
    matches = match_many([candidate for _, _, candidate in drafts], at=context.at)
    known = {m.person_id for m in matches if m.verdict is Verdict.SAME and m.person_id is not None}
    identified = numbered(known) if numbered else set()
    merged = [
        match.verdict is Verdict.SAME and not (numbered and _has_two_ids(n, match, drafts, identified))
        for n, match in enumerate(matches)
    ]
    undecided = [
        m.verdict is Verdict.UNDECIDED or (m.verdict is Verdict.SAME and not merged[n])
        for n, m in enumerate(matches)
    ]
    parks = context.options.get("undecided") == "park"
    fresh = [n for n in range(len(drafts)) if not merged[n] and not (undecided[n] and parks)]
    made = register_people([drafts[n][2] for n in fresh], by=context.by, at=context.at)
    met: list[Met | None] = [None] * len(drafts)
    for n, person in zip(fresh, made, strict=True):
        met[n] = Met(person, is_new=True)
        drafts[n][1].records.append(("registry.Person", person.id, True))
    on_file = Person.objects.in_bulk(known)
    for n, match in enumerate(matches):
        outcome = drafts[n][1]
        outcome.is_undecided = undecided[n]
        if merged[n]:
            met[n] = (
                met[match.row] if match.row is not None else Met(on_file[match.person_id or 0], is_new=False)
            )
            outcome.is_known_person = met[n] is not None
        elif met[n] is None:
            _park_undecided(*drafts[n][:2])
    _review(matches, undecided, met, context)
    return met


def _has_two_ids(
    n: int, match: MatchResult, drafts: Sequence[tuple[Row, Outcome, PersonCandidate]], identified: set[int]
) -> bool:
    """Return whether the row and the one it matches have each an id of their own in the sender's system."""
    if not drafts[n][0].values.get("external_id"):
        return False
    if match.row is not None:
        return bool(drafts[match.row][0].values.get("external_id"))
    return match.person_id in identified


def _park_undecided(row: Row, outcome: Outcome) -> None:
    outcome.park(
        row,
        column="name",
        value="",
        rule="person.undecided",
        hint=Hint(
            "This may be a person on file. Say whether it is, or accept undecided rows as new persons."
        ),
    )


def _review(
    matches: Sequence[MatchResult], undecided: Sequence[bool], met: Sequence[Met | None], context: Context
) -> None:
    """Queue the pairs that a person must decide on."""
    proposals = []
    for n, match in enumerate(matches):
        person = met[n]
        if not undecided[n] or person is None:
            continue
        for alike in match.look_alikes:
            other = met[alike.row] if alike.row is not None else alike.person_id
            proposals.append((person.person, other.person if isinstance(other, Met) else other, alike))
    propose_matches(proposals, by=context.by, at=context.at)


def complete_people(pairs: Sequence[tuple[Person, PersonCandidate]], context: Context) -> set[int]:
    """Add to known people what was not known of them at all; return the ids of those changed. Nothing is overwritten.

    Two queries tell what is missing; only people of whom something new is said cost more.
    """
    people = {person.id: person for person, _ in pairs}
    kinds = Identity.objects.filter(person__in=people, retracted_at__isnull=True).values_list(
        "person_id", "kind"
    )
    known = set(kinds)
    changed: set[int] = set()
    for person, bare in pairs:
        candidate = bare.completed()
        blanks = _blanks(person, candidate)
        new = [(kind, text) for kind, text in _particulars(candidate) if (person.id, kind) not in known]
        if not blanks and not new:
            continue
        importer = _importer(context)
        if blanks:
            change_person(person=person, by=importer, at=context.at, **blanks)
        for kind, text in new:
            add_identity(person=person, kind=kind, text=text, by=importer, at=context.at)
            known.add((person.id, kind))
        changed.add(person.id)
    return changed


def _blanks(person: Person, candidate: PersonCandidate) -> dict[str, Any]:
    """Return the columns of the person that are empty and that the row fills."""
    empty = {
        "sex": person.sex == Sex.UNKNOWN and candidate.sex != Sex.UNKNOWN,
        "birth_year": person.birth_year is None and candidate.birth_year is not None,
        "occupation": not person.occupation and bool(candidate.occupation),
    }
    return {name: getattr(candidate, name) for name, is_new in empty.items() if is_new}


def _particulars(candidate: PersonCandidate) -> list[tuple[IdentityKind, str]]:
    said = [(kind, getattr(candidate, name)) for name, kind in _PARTICULARS if getattr(candidate, name)]
    if candidate.birth_date is not None:
        said.append((IdentityKind.BIRTH_DATE, candidate.birth_date.isoformat()))
    return said


def _importer(context: Context) -> Actor:
    """Return the actor with what completing a record of one's own import needs, wherever the person lives."""
    return replace(context.by, scopes=(*context.by.scopes, Scope("", frozenset({Permission.PERSON_EDIT}))))


class UnitFinder:
    """Units by code and by name, read once per call that needs them."""

    def __init__(self, words: set[str]) -> None:
        rows = Unit.objects.filter(closed_at__isnull=True)
        units = [*rows.filter(code__in=words), *rows.filter(name__in=words), *rows.filter(name_en__in=words)]
        self._units: dict[str, Unit] = {}
        for unit in units:
            for name in (unit.code, unit.name, unit.name_en):
                self._units.setdefault(name, unit)

    def find(self, text: Any) -> Unit | None:
        """Return the unit of that code or name, or None."""
        return self._units.get(str(text)) if text else None


def midday(day: date) -> datetime:
    """Return noon of the day at the site: for visits of which only the day is known."""
    return datetime.combine(day, time(12), tzinfo=site_zone())
