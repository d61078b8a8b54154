"""Cases: list, one with its history, the acts on one, and readings at gates."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from django.utils.dateparse import parse_datetime
from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint, page_size
from lianfang.api.registry import PersonIn, SomebodyIn, person_told_of
from lianfang.cases import services
from lianfang.cases.selectors import (
    CaseFilter,
    get_case,
    get_fact,
    get_sample,
    get_screening,
    history_of,
    list_cases,
    list_screenings,
)
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_place

Finding = Literal["positive", "negative", "indeterminate", "pending", "not_done"]
Class = Literal["not_classified", "suspected", "probable", "confirmed", "asymptomatic", "excluded"]


class CaseOut(Schema):
    """A case as others see it: no name, no number of the person; `edition` is the rule that the class was held against."""

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


class ChangeOut(Schema):
    """One change of what a case is taken for, with the edition and criterion that decided."""

    before: str
    after: str
    criterion: str
    edition: str
    at: datetime
    because: str


class CaseIn(SomebodyIn):
    """A first report of a person."""

    disease: str
    place: str
    diagnosis: Class = "suspected"
    diagnosed_at: AwareDatetime | None = None
    example: ClassVar[Mapping[str, Any]] = {
        "disease": "covid_19_cn_2020",
        "place": "420106",
        "who": dict(PersonIn.example),
        "diagnosis": "suspected",
    }


class SignsIn(Sent):
    """Signs by code: true, false, or a measured value."""

    signs: dict[str, bool | float]
    seen_at: AwareDatetime
    onset_on: date | None = None
    example: ClassVar[Mapping[str, Any]] = {
        "signs": {"fever": True, "cough": False, "temperature": 38.4},
        "seen_at": "2020-02-12T10:00:00+08:00",
        "onset_on": "2020-02-10",
    }


class SampleIn(Sent):
    """A specimen; the same number again completes that sample."""

    number: str
    specimen: str
    taken_at: AwareDatetime
    received_at: AwareDatetime | None = None
    example: ClassVar[Mapping[str, Any]] = {
        "number": "S-2",
        "specimen": "nasopharyngeal_swab",
        "taken_at": "2020-02-12T10:00:00+08:00",
    }


class ResultIn(Sent):
    """A laboratory result; the same key again is the same result."""

    kind: str
    finding: Finding
    resulted_at: AwareDatetime
    key: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "kind": "rt_pcr",
        "finding": "negative",
        "resulted_at": "2020-02-12T18:00:00+08:00",
        "key": "LIS-7",
    }


class InvestigationIn(Sent):
    """A completed investigation."""

    completed_at: AwareDatetime
    onset_asked: bool
    exposures_asked: bool
    places_asked: bool
    contacts_asked: bool
    n_contacts_named: int = 0
    summary: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "completed_at": "2020-02-13T09:00:00+08:00",
        "onset_asked": True,
        "exposures_asked": True,
        "places_asked": True,
        "contacts_asked": True,
        "n_contacts_named": 4,
    }


class ReviewIn(Sent):
    """What the county found when it checked the report."""

    complete: bool
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"complete": True, "note": "telephone number added"}


class OutcomeIn(Sent):
    """How the episode ended."""

    kind: Literal["ill", "recovered", "died", "unknown"]
    on: date
    example: ClassVar[Mapping[str, Any]] = {"kind": "recovered", "on": "2020-02-25"}


class RulingIn(Sent):
    """What an answerable person decides the case is; it stands above the criteria."""

    classification: Class
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"classification": "excluded", "reason": "influenza proved twice"}


class WithdrawalIn(Sent):
    """Why an entry is wrong."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "the tube was exchanged"}


class ScreeningOut(Schema):
    """A reading that asks for a look; open until `looked_at`."""

    id: int
    person: str
    place: str
    read_at: datetime
    temperature: float | None
    looked_at: datetime | None
    conclusion: str
    case: str

    @staticmethod
    def resolve_person(screening: Any) -> str:
        """The person's public id."""
        return str(screening.person.uid)

    @staticmethod
    def resolve_place(screening: Any) -> str:
        """The code of where it was read."""
        return str(screening.place.code)

    @staticmethod
    def resolve_case(screening: Any) -> str:
        """The number of the case that came of it."""
        return str(screening.case.number) if screening.case else ""


class ConclusionIn(Sent):
    """What the look showed; a suspected case needs its disease."""

    conclusion: Literal["well", "other_illness", "suspected"]
    looked_at: AwareDatetime
    disease: str = ""
    example: ClassVar[Mapping[str, Any]] = {"conclusion": "well", "looked_at": "2020-02-12T11:00:00+08:00"}


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
    moment, _comma, pk = after.partition(",")
    parsed = parse_datetime(moment) if moment else None
    cursor = (int(parsed.timestamp()), int(pk)) if parsed and pk.isdigit() else None
    n = page_size(limit)
    wanted = CaseFilter(path=area_path(area), disease=disease, classification=classification)
    rows = list_cases(request.actor, wanted, after=cursor, limit=n + 1)
    more = f"{rows[n - 1].reported_at.isoformat()},{rows[n - 1].pk}" if len(rows) > n else ""
    return {"cases": rows[:n], "next": more}


@endpoint("GET", "/cases/{number}", Permission.CASE_VIEW, response=CaseOut)
def one(request: Any, number: str) -> Any:
    """Return one case."""
    return get_case(request.actor, number)


@endpoint("GET", "/cases/{number}/history", Permission.CASE_VIEW, response=list[ChangeOut])
def history(request: Any, number: str) -> Any:
    """Return every change of what the case was taken for, the oldest first."""
    return history_of(get_case(request.actor, number))


@endpoint("POST", "/cases", Permission.CASE_EDIT, response=CaseOut)
def open_case(request: Any, body: CaseIn) -> Any:
    """Open a case from its first report."""
    return services.open_case(
        person=person_told_of(request, body),
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


@endpoint("POST", "/cases/{number}/reviews", Permission.CASE_INVESTIGATE, response=CaseOut)
def review(request: Any, number: str, body: ReviewIn) -> Any:
    """Record that the county has checked the report."""
    case = get_case(request.actor, number)
    services.review_report(case=case, **body.dict(), by=request.actor, at=request.at)
    return case


@endpoint("POST", "/cases/{number}/outcome", Permission.CASE_EDIT, response=CaseOut)
def add_outcome(request: Any, number: str, body: OutcomeIn) -> Any:
    """Record how the episode ended; a later outcome supersedes the earlier one."""
    case = get_case(request.actor, number)
    services.record_outcome(case=case, **body.dict(), by=request.actor, at=request.at)
    case.refresh_from_db()
    return case


@endpoint("POST", "/cases/{number}/rulings", Permission.FINDING_JUDGE, response=CaseOut)
def rule(request: Any, number: str, body: RulingIn) -> Any:
    """Record what an answerable person decides the case is."""
    case = get_case(request.actor, number)
    services.rule_on_case(case=case, **body.dict(), by=request.actor, at=request.at)
    return case


@endpoint("POST", "/cases/{number}/facts/{kind}/{pk}/withdrawal", Permission.CASE_EDIT, response=CaseOut)
def withdraw(
    request: Any,
    number: str,
    kind: Literal["result", "sample", "sign", "report", "investigation", "outcome"],
    pk: int,
    body: WithdrawalIn,
) -> Any:
    """Withdraw a wrong entry of a case; it stays on file, and what rested on it is worked out again."""
    case = get_case(request.actor, number)
    fact = get_fact(case, kind, pk)
    services.withdraw_fact(fact=fact, reason=body.reason, by=request.actor, at=request.at)
    case.refresh_from_db()
    return case


# ---- readings at gates


@endpoint("GET", "/screenings", Permission.TASK_VIEW, response=list[ScreeningOut])
def screenings(
    request: Any,
    area: str = "",
    state: Literal["open", "all"] = "open",
    after: int | None = None,
    limit: int = 100,
) -> Any:
    """List the readings of the area, the newest first: those nobody has looked at, or all."""
    return list_screenings(
        request.actor, path=area_path(area), open_only=state == "open", after=after, limit=page_size(limit)
    )


@endpoint("POST", "/screenings/{pk}/conclusion", Permission.TASK_DO, response=ScreeningOut)
def conclude(request: Any, pk: int, body: ConclusionIn) -> Any:
    """Record what the look showed; a suspected person becomes a case."""
    screening = get_screening(request.actor, pk)
    return services.conclude_screening(screening=screening, **body.dict(), by=request.actor, at=request.at)
