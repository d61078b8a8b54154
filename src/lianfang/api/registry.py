"""Places, units, people and their particulars, pairs that may be one person."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal
from uuid import UUID

from ninja import Schema

from lianfang.api.door import Sent, area_path, endpoint, page_size
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.errors import NoPerson
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import IdentityKind, MatchDecision, Person
from lianfang.core.registry.selectors import (
    get_person,
    get_place,
    get_unit,
    list_places,
    list_units,
    open_reviews,
)
from lianfang.core.registry.services import decide_match, resolve_people, reveal_identity, search_identity

OPEN = Permission.TASK_VIEW  # places and units are no secret: whoever holds any role may read them


class PlaceOut(Schema):
    """A place; level is 0 nation to 6 grid cell, `path` begins the path of everything in it.

    `is_urban` is told of counties: a district of its city.
    """

    code: str
    name: str
    name_en: str
    level: int
    parent: str
    path: str
    population: int | None
    is_urban: bool

    @staticmethod
    def resolve_parent(place: Any) -> str:
        """The code of the place above."""
        return str(place.parent.code) if place.parent else ""


class UnitOut(Schema):
    """A unit and what it answers for."""

    code: str
    name: str
    name_en: str
    kind: str
    place: str
    parent: str
    capabilities: list[str]

    @staticmethod
    def resolve_place(unit: Any) -> str:
        """The code of the unit's place."""
        return str(unit.place.code)

    @staticmethod
    def resolve_parent(unit: Any) -> str:
        """The code of the unit above."""
        return str(unit.parent.code) if unit.parent else ""

    @staticmethod
    def resolve_capabilities(unit: Any) -> list[str]:
        """What the unit answers for."""
        return sorted(each.capability for each in unit.capabilities.all())


class PersonOut(Schema):
    """A person, without particulars."""

    uid: str
    sex: str
    birth_year: int | None
    place: str

    @staticmethod
    def resolve_uid(person: Any) -> str:
        """The public id."""
        return str(person.uid)

    @staticmethod
    def resolve_place(person: Any) -> str:
        """The code of where the person lives."""
        return str(person.place.code) if person.place else ""


class PersonIn(Sent):
    """A person as somebody tells it; everything but the place may be missing."""

    place: str
    name: str = ""
    sex: Literal["female", "male", "other", "unknown"] = "unknown"
    birth_date: date | None = None
    phone: str = ""
    national_id: str = ""
    address: str = ""
    occupation: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "place": "420106",
        "name": "王小明",
        "sex": "male",
        "birth_date": "1980-03-02",
        "phone": "13800000001",
    }


class SomebodyIn(Sent):
    """A person on file (`person`, the public id), or one who is told of (`who`)."""

    person: UUID | None = None
    who: PersonIn | None = None


class ResolvedOut(Schema):
    """The person of what was told: `is_new` where no record was known to be the same; `verdict` same, undecided or new."""

    person: PersonOut
    is_new: bool
    verdict: str


class RevealIn(Sent):
    """Which particulars are read, and what for."""

    kinds: list[IdentityKind]
    purpose: str
    example: ClassVar[Mapping[str, Any]] = {"kinds": ["name", "phone"], "purpose": "a call to the contact"}


class RevealedOut(Schema):
    """What was read: kind -> values, the newest first."""

    values: dict[str, list[str]]


class SearchIn(Sent):
    """A particular of the person looked for, and what for; the search is recorded, not what was searched for."""

    kind: IdentityKind
    text: str
    purpose: str
    example: ClassVar[Mapping[str, Any]] = {"kind": "name", "text": "王小明", "purpose": "a call"}


class PairOut(Schema):
    """Two records that may be one person, how likely (0 to 1), and the evidence."""

    id: int
    first: PersonOut
    second: PersonOut
    score: float
    evidence: list[Any]


class PairDecisionIn(Sent):
    """Whether the two records are one person, and why."""

    decision: Literal["same", "distinct"]
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"decision": "distinct", "reason": "two identity cards"}


@endpoint("GET", "/places", OPEN, response=list[PlaceOut])
def places(request: Any, area: str = "", level: int | None = None, after: str = "", limit: int = 200) -> Any:
    """List the places of an area in the order of their paths; `after` is the last path of the page before."""
    return list_places(path=area_path(area), level=level, after=after, limit=page_size(limit))


@endpoint("GET", "/places/{code}", OPEN, response=PlaceOut)
def one_place(request: Any, code: str) -> Any:
    """Return one place."""
    return get_place(code)


@endpoint("GET", "/units", OPEN, response=list[UnitOut])
def units(request: Any, area: str = "", capability: str = "", limit: int = 200) -> Any:
    """List the open units of an area with what they answer for."""
    return list_units(path=area_path(area), capability=capability)[: page_size(limit)]


@endpoint("GET", "/units/{code}", OPEN, response=UnitOut)
def one_unit(request: Any, code: str) -> Any:
    """Return one unit."""
    return get_unit(code)


@endpoint("POST", "/people", Permission.PERSON_EDIT, response=ResolvedOut)
def register(request: Any, body: PersonIn) -> Any:
    """Return the person that is told of: the known record where it is surely the same, else a new one."""
    found = resolve_people([candidate_of(body)], by=request.actor, at=request.at)[0]
    return {"person": found.person, "is_new": found.is_new, "verdict": str(found.match.verdict)}


def candidate_of(body: PersonIn) -> PersonCandidate:
    """Return what was told in the form in which it is matched."""
    where = get_place(body.place)
    told = body.dict(exclude={"place"})
    return PersonCandidate(**told, place_id=where.pk, path=where.path)


def person_told_of(request: Any, body: SomebodyIn) -> Person:
    """Return the person on file, or the one found or made from what is told; raise NoPerson where neither is said."""
    if body.person:
        return get_person(request.actor, uid=body.person)
    if body.who is None:
        raise NoPerson
    return resolve_people([candidate_of(body.who)], by=request.actor, at=request.at)[0].person


@endpoint("POST", "/people/search", Permission.PERSON_VIEW, response=list[PersonOut])
def search(request: Any, body: SearchIn) -> Any:
    """Look a person up by a particular, among those within your reach."""
    return search_identity(**body.dict(), by=request.actor, at=request.at)


@endpoint("GET", "/people/pairs", Permission.PERSON_MERGE, response=list[PairOut])
def pairs(request: Any, limit: int = 100) -> Any:
    """List the pairs of records on which you may decide, the most likely first."""
    return open_reviews(request.actor)[: page_size(limit)]


@endpoint("POST", "/people/pairs/{pk}/decision", Permission.PERSON_MERGE, response=PairOut)
def decide(request: Any, pk: int, body: PairDecisionIn) -> Any:
    """Decide whether two records are one person; a merge can be undone."""
    review = open_reviews(request.actor).get_visible(request.actor, pk=pk)
    decision = MatchDecision(body.decision)
    decide_match(review=review, decision=decision, reason=body.reason, by=request.actor, at=request.at)
    return review


@endpoint("GET", "/people/{uuid:uid}", Permission.PERSON_VIEW, response=PersonOut)
def one_person(request: Any, uid: str) -> Any:
    """Return a person without particulars."""
    return get_person(request.actor, uid=uid)


@endpoint("POST", "/people/{uuid:uid}/reveal", Permission.IDENTITY_REVEAL, response=RevealedOut)
def reveal(request: Any, uid: str, body: RevealIn) -> Any:
    """Read particulars of a person; the reading is recorded with its purpose."""
    person = get_person(request.actor, uid=uid)
    read = reveal_identity(person=person, **body.dict(), by=request.actor, at=request.at)
    return {"values": {kind: list(values) for kind, values in read.values.items()}}
