"""One patient's care: beds they lie in, rounds, treatments, how they leave, what follows, and wrong entries withdrawn."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.beds import MadeOut, WhyIn
from lianfang.api.door import Sent, endpoint
from lianfang.care import services
from lianfang.care.derive import explain_discharge
from lianfang.care.models import Bed, Pathway, Ward
from lianfang.cases.selectors import get_case
from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission

P = Permission
WHEN = "2020-02-12T10:00:00+08:00"


class BedStayIn(Sent):
    """Laying a patient in a bed."""

    bed: int
    lies_from: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {"bed": 1, "lies_from": WHEN}


class RoundIn(Sent):
    """What was seen of a patient on a round; leave out what was not measured."""

    seen_at: AwareDatetime
    temperature: float | None = None
    respiratory_rate: float | None = None
    spo2: float | None = None
    pao2_fio2: float | None = None
    altitude_m: float = 0
    progress_percent: float | None = None
    progress_hours: float | None = None
    respiratory: Literal["", "worse", "unchanged", "improved", "clearly_improved", "resolved"] = ""
    imaging: list[str] = []
    ventilated: bool = False
    shock: bool = False
    organ_failure: bool = False
    example: ClassVar[Mapping[str, Any]] = {"seen_at": WHEN, "temperature": 36.7, "spo2": 97}


class TreatmentIn(Sent):
    """A treatment that was begun."""

    what: str
    from_at: AwareDatetime
    dose: str = ""
    example: ClassVar[Mapping[str, Any]] = {"what": "oxygen", "from_at": WHEN}


class TreatmentOut(Schema):
    """A treatment of a patient; `until_at` null: it goes on."""

    id: int
    what: str
    dose: str
    occurred_at: datetime
    until_at: datetime | None
    stopped_because: str


class TreatmentEndIn(Sent):
    """When a treatment was ended, and why."""

    until_at: AwareDatetime
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"until_at": WHEN, "reason": "no effect"}


class ComorbiditiesIn(Sent):
    """What the patient was ill with before, as codes of the vocabulary; an empty list says nothing."""

    conditions: list[str]
    asked_at: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {"conditions": ["diabetes"], "asked_at": WHEN}


class SupportIn(Sent):
    """Rehabilitation or counselling given to a discharged patient."""

    aid: Literal["rehabilitation", "counselling"]
    given_at: AwareDatetime
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"aid": "counselling", "given_at": WHEN}


class DepartureIn(Sent):
    """How a patient leaves; a discharge with a criterion missing needs a reason."""

    how: Literal["discharged", "died", "against_advice"]
    left_at: AwareDatetime
    reason: str = ""
    example: ClassVar[Mapping[str, Any]] = {"how": "discharged", "left_at": WHEN, "reason": "two negatives"}


class PatientVisitIn(Sent):
    """What was seen of a discharged patient; `week` is the visit that it answers."""

    seen_at: AwareDatetime
    week: int | None = None
    temperature: float | None = None
    signs: list[str] = []
    imaging: list[str] = []
    needs_rehabilitation: bool = False
    needs_counselling: bool = False
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"seen_at": WHEN, "week": 2, "temperature": 36.5}


class CriterionOut(Schema):
    """One criterion of discharge."""

    item: str
    met: bool


class PatientOut(Schema):
    """Where a patient stands, by which editions, and what discharge still needs."""

    case: str
    stage: str
    severity: str
    severity_edition: str
    needs: int | None
    waits_since: datetime | None
    admitted_at: datetime | None
    ready_at: datetime | None
    left_at: datetime | None
    regime: str
    observe_until_on: date | None
    positive_again_at: datetime | None
    discharge_edition: str
    criteria: list[CriterionOut]


@endpoint("GET", "/cases/{number}/care", P.CARE_VIEW, response=PatientOut)
def patient(request: Any, number: str) -> Any:
    """Return where a patient stands and which criteria of discharge are missing."""
    case = _patient(request, number)
    row = Pathway.objects.filter(case=case).first()
    if row is None:
        raise NotVisible(thing="pathway")
    found = explain_discharge(case, at=request.at)
    criteria = [{"item": each.item, "met": each.met} for each in found.findings] if found else []
    names = set(PatientOut.model_fields) - {"case", "criteria"}
    return {"case": case.number, "criteria": criteria, **{name: getattr(row, name) for name in names}}


@endpoint("POST", "/cases/{number}/stays", P.CARE_EDIT, response=MadeOut)
def lay(request: Any, number: str, body: BedStayIn) -> Any:
    """Lay a patient in a bed: ends the stay before and meets the open request."""
    case = _patient(request, number)
    seen = Ward.objects.visible_to(request.actor)
    bed = Bed.objects.filter(pk=body.bed, ward__in=seen).select_related("ward").first()
    if bed is None:
        raise NotVisible(thing="bed")
    return services.lay_down(case=case, bed=bed, lies_from=body.lies_from, by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/rounds", P.CARE_EDIT, response=MadeOut)
def see(request: Any, number: str, body: RoundIn) -> Any:
    """Record what was seen of a patient on a round; severity and discharge are judged anew."""
    case = _patient(request, number)
    return services.record_round(case=case, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/treatments", P.CARE_EDIT, response=MadeOut)
def treat(request: Any, number: str, body: TreatmentIn) -> Any:
    """Record that a treatment was begun."""
    case = _patient(request, number)
    return services.start_treatment(case=case, **body.dict(), by=request.actor, at=request.at)


@endpoint("GET", "/cases/{number}/treatments", P.CARE_VIEW, response=list[TreatmentOut])
def treatments(request: Any, number: str) -> Any:
    """List the treatments of a patient."""
    return _patient(request, number).treatments.filter(superseded_at=None).order_by("occurred_at", "pk")


@endpoint("POST", "/cases/{number}/treatments/{pk}/end", P.CARE_EDIT, response=TreatmentOut)
def stop(request: Any, number: str, pk: int, body: TreatmentEndIn) -> Any:
    """Record that a treatment was ended, and why."""
    row = _entry(request, number, "treatment", pk)
    services.stop_treatment(treatment=row, **body.dict(), by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("POST", "/cases/{number}/comorbidities", P.CARE_EDIT, response=MadeOut)
def ask_before(request: Any, number: str, body: ComorbiditiesIn) -> Any:
    """Record what a patient was ill with before; it takes the place of what was told earlier."""
    case = _patient(request, number)
    return services.record_comorbidities(case=case, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/departures", P.CARE_EDIT, response=MadeOut)
def leave(request: Any, number: str, body: DepartureIn) -> Any:
    """Record how a patient leaves; what follows is that of the edition in force then."""
    case = _patient(request, number)
    told: dict[str, Any] = {"left_at": body.left_at, "reason": body.reason}
    if body.how == "discharged":
        return services.discharge_patient(case=case, **told, by=request.actor, at=request.at)
    return services.record_departure(case=case, how=body.how, **told, by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/follow-ups", P.CARE_EDIT, response=MadeOut)
def follow(request: Any, number: str, body: PatientVisitIn) -> Any:
    """Record that a discharged patient was looked at."""
    case = _patient(request, number)
    return services.follow_up(case=case, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/supports", P.CARE_EDIT, response=MadeOut)
def support(request: Any, number: str, body: SupportIn) -> Any:
    """Record that a discharged patient was given rehabilitation or counselling."""
    case = _patient(request, number)
    return services.give_support(case=case, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/entries/{kind}/{pk}/withdrawal", P.CARE_EDIT, response=MadeOut)
def withdraw(request: Any, number: str, kind: str, pk: int, body: WhyIn) -> Any:
    """Withdraw a wrong round, stay, treatment, follow_up, support or departure; what rested on it is worked out again."""
    row = _entry(request, number, kind, pk)
    who = {"reason": body.reason, "by": request.actor, "at": request.at}
    if kind == "departure":
        services.withdraw_departure(departure=row, **who)
    else:
        services.withdraw_entry(entry=row, **who)
    return row


_KINDS = {"round": "rounds", "stay": "stays", "treatment": "treatments", "follow_up": "follow_ups"} | {
    "support": "supports",
    "departure": "departures",
}


def _entry(request: Any, number: str, kind: str, pk: int) -> Any:
    case = _patient(request, number)
    related = getattr(case, _KINDS[kind]) if kind in _KINDS else None
    row = related.filter(pk=pk, superseded_at=None).first() if related is not None else None
    if row is None:
        raise NotVisible(thing="entry")
    return row


def _patient(request: Any, number: str) -> Any:
    return get_case(request.actor, number, P.CARE_VIEW)
