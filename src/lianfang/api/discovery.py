"""Contacts found from visits: search around an opened case with a purpose, read what was found, confirm or dismiss."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Literal

from ninja import Schema

from lianfang.api.door import Sent, endpoint
from lianfang.cases.selectors import get_case
from lianfang.core.access.permissions import Permission
from lianfang.discovery import services
from lianfang.discovery.selectors import found_in, found_of, get_search, searches_of


class VisitSearchOut(Schema):
    """A search around a case: who asked and why, inside which window, and what was counted.

    `days_missing` are days of the window of which no visits are held. What was found is deleted at `drop_at`.
    """

    id: int
    purpose: str
    asked_by: str
    searched_at: datetime
    opens_at: datetime
    closes_at: datetime
    edition: str
    rule_edition: str
    found: int
    proposed: int
    weak: int
    named_before: int
    unregistered: int
    days_missing: Sequence[date]
    drop_at: datetime
    dropped_at: datetime | None

    @staticmethod
    def resolve_asked_by(search: Any) -> str:
        """The login."""
        return str(search.asked_by.login)

    @staticmethod
    def resolve_found(search: Any) -> int:
        """How many people shared a place long enough."""
        return int(search.n_found)

    @staticmethod
    def resolve_proposed(search: Any) -> int:
        """How many of them are put before a person."""
        return int(search.n_proposed)

    @staticmethod
    def resolve_weak(search: Any) -> int:
        """How many weigh too little."""
        return int(search.n_weak)

    @staticmethod
    def resolve_named_before(search: Any) -> int:
        """How many are contacts of the case already."""
        return int(search.n_named_before)

    @staticmethod
    def resolve_unregistered(search: Any) -> int:
        """How many are not in the register: they are counted, and nobody can name them."""
        return int(search.n_unregistered)


class SharedStayOut(Schema):
    """One stay that was shared: where, from when, how long, and how many were present."""

    venue: str
    kind: str
    start: datetime
    seconds: int
    present: int


class FoundOut(Schema):
    """A person who shared places with the case, the strongest first; `score` ranks and is no probability of infection."""

    id: int
    person: str
    place: str
    score: float
    seconds: int
    first_at: datetime
    last_at: datetime
    stays: Sequence[SharedStayOut]
    decision: str
    contact: int | None

    @staticmethod
    def resolve_person(found: Any) -> str:
        """The person's public id."""
        return str(found.person.uid)

    @staticmethod
    def resolve_place(found: Any) -> str:
        """The code of the place where the person lives."""
        return str(found.person.place.code)

    @staticmethod
    def resolve_stays(found: Any) -> list[dict[str, Any]]:
        """The stays, the strongest first."""
        return [{**stay, "start": datetime.fromtimestamp(stay["start"], UTC)} for stay in found.stays]

    @staticmethod
    def resolve_decision(found: Any) -> str:
        """The newest decision on it; "" where nobody decided."""
        return str(found.decision or "")

    @staticmethod
    def resolve_contact(found: Any) -> int | None:
        """The contact that a confirmed one was named as."""
        contact: int | None = found.contact_id
        return contact


class VisitSearchIn(Sent):
    """What the search is for; it is recorded with your name."""

    purpose: str
    example: ClassVar[Mapping[str, Any]] = {"purpose": "who sat at the same table on the 11th"}


class FoundJudgementIn(Sent):
    """A decision on a person who was found; who is confirmed is named as a contact."""

    decision: Literal["confirmed", "dismissed"]
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"decision": "confirmed", "reason": "the owner remembers both"}


@endpoint("GET", "/cases/{number}/visit-searches", Permission.VISITS_SEARCH, response=list[VisitSearchOut])
def searches(request: Any, number: str) -> Any:
    """List the searches of visits around a case, the newest first."""
    return searches_of(request.actor, get_case(request.actor, number, Permission.VISITS_SEARCH))


@endpoint("POST", "/cases/{number}/visit-searches", Permission.VISITS_SEARCH, response=VisitSearchOut)
def search(request: Any, number: str, body: VisitSearchIn) -> Any:
    """Search who shared places with an opened case inside its window; 409 where it has none, or its time is over."""
    case = get_case(request.actor, number, Permission.VISITS_SEARCH)
    return services.search_visits(case=case, purpose=body.purpose, by=request.actor, at=request.at)


@endpoint("GET", "/visit-searches/{pk}/found", Permission.VISITS_SEARCH, response=list[FoundOut])
def found(request: Any, pk: int) -> Any:
    """List whom a search found, with the stays that say so."""
    return found_in(request.actor, get_search(request.actor, pk))


@endpoint("POST", "/visit-searches/found/{pk}/judgement", Permission.FINDING_JUDGE, response=FoundOut)
def judge(request: Any, pk: int, body: FoundJudgementIn) -> Any:
    """Confirm a person who was found, who is then named as a contact of the case, or dismiss them, with a reason."""
    row = found_of(request.actor, pk)
    services.judge_found(found=[row], **body.dict(), by=request.actor, at=request.at)
    return found_of(request.actor, pk)
