"""Advice asked of other units, from afar or by a round of experts: asked, scheduled, answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.beds import WhyIn
from lianfang.api.door import Sent, area_path, endpoint, page_size, unit_where
from lianfang.cases.selectors import get_case
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_unit
from lianfang.teams import selectors, services
from lianfang.teams.models import Consultation

P = Permission
WHEN = "2020-02-12T10:00:00+08:00"


class ConsultationOut(Schema):
    """Advice asked for, and given."""

    id: int
    form: str
    from_unit: str
    to_unit: str
    question: str
    asked_at: datetime
    scheduled_for: datetime | None
    answered_at: datetime | None
    answer: str

    @staticmethod
    def resolve_from_unit(row: Any) -> str:
        """The code of the unit that asks."""
        return str(row.from_unit.code)

    @staticmethod
    def resolve_to_unit(row: Any) -> str:
        """The code of the unit that is asked."""
        return str(row.to_unit.code)


class QuestionIn(Sent):
    """A question to another unit; `case` is the number of the case that it is about, where it is about one."""

    form: Literal["remote", "round"]
    from_unit: str
    to_unit: str
    question: str
    case: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "form": "remote", "from_unit": "420106-hosp", "to_unit": "420106-cdc", "question": "ECMO?",
    }  # fmt: skip


class WhenIn(Sent):
    """When a consultation takes place."""

    scheduled_for: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {"scheduled_for": WHEN}


class AdviceIn(Sent):
    """The advice."""

    answer: str
    example: ClassVar[Mapping[str, Any]] = {"answer": "prone position first"}


@endpoint("GET", "/consultations", P.CARE_VIEW, response=list[ConsultationOut])
def advice(request: Any, area: str = "", limit: int = 100) -> Any:
    """List advice asked for and given, the unanswered first."""
    return selectors.consultations(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/consultations", P.CARE_EDIT, response=ConsultationOut)
def ask(request: Any, body: QuestionIn) -> Any:
    """Ask another unit for advice."""
    asking = unit_where(request.actor, P.CARE_EDIT, body.from_unit)
    units: dict[str, Any] = {"from_unit": asking, "to_unit": get_unit(body.to_unit)}
    told = body.dict(exclude={"from_unit", "to_unit", "case"})
    case = get_case(request.actor, body.case, P.CARE_VIEW) if body.case else None
    return services.ask_advice(**units, **told, case=case, by=request.actor, at=request.at)


@endpoint("POST", "/consultations/{pk}/answer", P.CARE_EDIT, response=ConsultationOut)
def answer(request: Any, pk: int, body: AdviceIn) -> Any:
    """Answer a consultation."""
    row = Consultation.objects.get_visible(request.actor, P.CARE_VIEW, pk=pk)
    services.answer_consultation(consultation=row, answer=body.answer, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("POST", "/consultations/{pk}/schedule", P.CARE_EDIT, response=ConsultationOut)
def schedule(request: Any, pk: int, body: WhenIn) -> Any:
    """Set when a consultation takes place."""
    row = Consultation.objects.get_visible(request.actor, P.CARE_VIEW, pk=pk)
    who = {"by": request.actor, "at": request.at}
    services.schedule_consultation(consultation=row, scheduled_for=body.scheduled_for, **who)
    row.refresh_from_db()
    return row


@endpoint("POST", "/consultations/{pk}/answer/withdrawal", P.CARE_EDIT, response=ConsultationOut)
def reopen(request: Any, pk: int, body: WhyIn) -> Any:
    """Withdraw an answer that was for another: the advice is owed again."""
    row = Consultation.objects.get_visible(request.actor, P.CARE_VIEW, pk=pk)
    services.reopen_consultation(consultation=row, reason=body.reason, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row
