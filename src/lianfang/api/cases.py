"""Cases: list, one, and the acts on one."""

from datetime import date, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import endpoint
from lianfang.cases import services
from lianfang.cases.selectors import CaseFilter, get_case, get_sample, list_cases
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_person, get_place


class CaseOut(Schema):
    """A case as others see it: no name, no number of the person."""

    number: str
    disease: str
    classification: str
    criterion: str
    edition: str
    person: str
    place: str
    onset_on: date | None
    reported_at: datetime
    confirmed_at: datetime | None
    investigated_at: datetime | None
    outcome: str
    outcome_on: date | None

    @staticmethod
    def resolve_person(case: Any) -> str:
        """The person's public id."""
        return str(case.person.uid)

    @staticmethod
    def resolve_place(case: Any) -> str:
        """The code of the answering area."""
        return str(case.place.code)


class CasePage(Schema):
    """One page; send `next` as `after` for the one that follows."""

    cases: list[CaseOut]
    next: str


class CaseIn(Schema):
    """A first report."""

    person: str
    disease: str
    place: str
    diagnosis: str = "suspected"
    diagnosed_at: AwareDatetime | None = None


class SignsIn(Schema):
    """Signs by code: true, false, or a measured value."""

    signs: dict[str, bool | float]
    seen_at: AwareDatetime
    onset_on: date | None = None


class SampleIn(Schema):
    """A specimen."""

    number: str
    specimen: str
    taken_at: AwareDatetime
    received_at: AwareDatetime | None = None


class ResultIn(Schema):
    """A laboratory result; the same key again is the same result."""

    kind: str
    finding: str
    resulted_at: AwareDatetime
    key: str = ""


class InvestigationIn(Schema):
    """A completed investigation."""

    completed_at: AwareDatetime
    onset_asked: bool
    exposures_asked: bool
    places_asked: bool
    contacts_asked: bool
    n_contacts_named: int = 0
    summary: str = ""


@endpoint("GET", "/cases", Permission.CASE_VIEW, response=CasePage)
def list_all(
    request: Any,
    area: str = "",
    disease: str = "",
    classification: str = "",
    after: str = "",
    limit: int = 100,
) -> Any:
    """List the cases that you may see, the newest report first."""
    path = get_place(area).path if area else ""
    moment, _comma, pk = after.partition(",")
    parsed = parse_datetime(moment) if moment else None
    cursor = (int(parsed.timestamp()), int(pk)) if parsed and pk.isdigit() else None
    n = max(1, min(limit, 500))
    wanted = CaseFilter(path=path, disease=disease, classification=classification)
    rows = list_cases(request.actor, wanted, after=cursor, limit=n + 1)
    more = f"{rows[n - 1].reported_at.isoformat()},{rows[n - 1].pk}" if len(rows) > n else ""
    return {"cases": rows[:n], "next": more}


@endpoint("GET", "/cases/{number}", Permission.CASE_VIEW, response=CaseOut)
def one(request: Any, number: str) -> Any:
    """Return one case."""
    return get_case(request.actor, number)


@endpoint("POST", "/cases", Permission.CASE_EDIT, response=CaseOut)
def open_case(request: Any, body: CaseIn) -> Any:
    """Open a case from its first report."""
    person = get_person(request.actor, uid=body.person)
    return services.open_case(
        person=person,
        disease=body.disease,
        place=get_place(body.place),
        diagnosis=body.diagnosis,
        diagnosed_at=body.diagnosed_at,
        by=request.actor,
        at=request.at,
    )


@endpoint("POST", "/cases/{number}/signs", Permission.CASE_EDIT, response=CaseOut)
def add_signs(request: Any, number: str, body: SignsIn) -> Any:
    """Record signs and the onset."""
    case = get_case(request.actor, number)
    services.record_signs(case=case, **body.dict(), by=request.actor, at=request.at)
    return case


@endpoint("POST", "/cases/{number}/samples", Permission.RESULT_RECORD, response=CaseOut)
def add_sample(request: Any, number: str, body: SampleIn) -> Any:
    """Record a sample; the same number again completes that sample."""
    case = get_case(request.actor, number, Permission.RESULT_RECORD)
    services.record_sample(case=case, **body.dict(), by=request.actor, at=request.at)
    return case


@endpoint("POST", "/cases/{number}/samples/{sample}/results", Permission.RESULT_RECORD, response=CaseOut)
def add_result(request: Any, number: str, sample: str, body: ResultIn) -> Any:
    """Record a result on a sample."""
    case = get_case(request.actor, number, Permission.RESULT_RECORD)
    services.record_result(sample=get_sample(case, sample), **body.dict(), by=request.actor, at=request.at)
    case.refresh_from_db()
    return case


@endpoint("POST", "/cases/{number}/investigations", Permission.CASE_INVESTIGATE, response=CaseOut)
def add_investigation(request: Any, number: str, body: InvestigationIn) -> Any:
    """Record a completed investigation."""
    case = get_case(request.actor, number)
    services.complete_investigation(case=case, **body.dict(), by=request.actor, at=request.at)
    return case
