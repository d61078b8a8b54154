"""Firms are entered, declare that they reopen, close again, ask for help and are answered."""

from datetime import datetime
from typing import TYPE_CHECKING, cast

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.touch import touch
from lianfang.measures.rules import by_grade
from lianfang.regions.selectors import grade_holding
from lianfang.resumption.errors import AlreadyDeclared, NothingOpen
from lianfang.resumption.events import ResumptionEvent
from lianfang.resumption.models import Firm, HelpRequest, Reopening
from lianfang.resumption.services.answering import Answer, give_answer, reason_of, take_back

if TYPE_CHECKING:
    from lianfang.rulebook.kinds.surveillance import RiskLevel


@transaction.atomic
def enter_firm(*, name: str, trade: str, n_workers: int, place: Place, by: Actor, at: datetime) -> Firm:
    """Enter a firm of an area; the same name in the same place is the same firm, whose numbers are renewed."""
    by.require(Permission.FIRM_EDIT, place.path)
    row, _made = Firm.objects.update_or_create(
        place=place,
        name=name.strip(),
        defaults={"trade": trade, "n_workers": n_workers, "path": place.path, "recorded_at": at},
    )
    record(
        ResumptionEvent.REGISTERED, subject=row, by=by, at=at, after={"trade": trade, "n_workers": n_workers}
    )
    return row


@transaction.atomic
def declare_reopening(*, firm: Firm, n_back: int, by: Actor, at: datetime) -> Reopening:
    """Declare that a firm reopens: where the grade of its area needs no permit, it is open at once."""
    by.require(Permission.FIRM_EDIT, firm.path)
    standing = Reopening.objects.current().filter(firm=firm).first()
    if standing is not None and standing.is_open is not False and standing.closed_at is None:
        raise AlreadyDeclared
    grade, edition, needs = permit_at(firm.path, at)
    if standing is not None:  # refused, or closed since: that declaration stays on file and no longer holds
        Reopening.objects.filter(pk=standing.pk).update(superseded_at=at)
    row: Reopening = Reopening.objects.create(
        firm=firm, place=firm.place, path=firm.path, n_back=n_back, grade=grade, edition=edition, needs_permit=needs,
        is_open=None if needs else True, occurred_at=at, recorded_at=at, recorded_by_id=by.user_id,
    )  # fmt: skip
    if standing is not None:
        Reopening.objects.filter(pk=standing.pk).update(superseded_by=row)
        touch(Reopening, [standing.pk], at=at)
    after = {"n_back": n_back, "grade": row.grade, "needs_permit": row.needs_permit}
    record(ResumptionEvent.DECLARED, subject=row, by=by, at=at, after=after)
    touch(Reopening, [row.pk], at=at)
    return row


def permit_at(path: str, at: datetime) -> tuple[str, str, bool]:
    """Return the grade that holds at a place, the edition of the rule, and whether reopening needs a permit there.

    The worst grade of the place and those above it counts. Without a confirmed grade no permit is asked: nothing restricts
    that nobody has decided.
    """
    rule = by_grade(path, at)
    level = grade_holding(path, at)
    if rule is None or not level:
        return "", rule[0].edition_id if rule else "", False
    edition, says = rule
    return level, edition.edition_id, says.reopening_needs_permit[cast("RiskLevel", level)]


DECISION = Answer(
    model=Reopening, event=ResumptionEvent.DECIDED, permission=Permission.MEASURE_DECIDE,
    moment="decided_at", person="decided_by", empty={"is_open": None},
    among={"needs_permit": True, "superseded_at__isnull": True, "closed_at__isnull": True},
)  # fmt: skip
HELP = Answer(
    model=HelpRequest, event=ResumptionEvent.HELPED, permission=Permission.FIRM_EDIT,
    moment="answered_at", person="answered_by",
)  # fmt: skip


def decide_reopening(*, reopening: Reopening, is_open: bool, reason: str, by: Actor, at: datetime) -> None:
    """Decide that a firm may reopen, or why not."""
    text = reason_of(reason)
    says = {"is_open": is_open, "reason": text}
    give_answer(DECISION, reopening, says=says, reason=text, after={"is_open": is_open}, by=by, at=at)


def reopen_decision(*, reopening: Reopening, reason: str, by: Actor, at: datetime) -> None:
    """Take a decision on a firm back: it waits again."""
    take_back(DECISION, reopening, reason=reason, by=by, at=at)


@transaction.atomic
def close_firm(*, firm: Firm, reason: str, by: Actor, at: datetime) -> None:
    """Say that a firm closes again: what it declared ends, and it may declare anew later."""
    by.require(Permission.FIRM_EDIT, firm.path)
    text = reason_of(reason)
    standing = Reopening.objects.current().filter(firm=firm, closed_at__isnull=True).exclude(is_open=False)
    ids = list(standing.values_list("pk", flat=True))
    if not standing.update(closed_at=at, closed_because=text, closed_by_id=by.user_id):
        raise NothingOpen
    record(ResumptionEvent.CLOSED, subject=firm, by=by, at=at, reason=text)
    touch(Reopening, ids, at=at)


@transaction.atomic
def ask_help(*, firm: Firm, kind: str, by: Actor, at: datetime, text: str = "") -> HelpRequest:
    """Say what a firm needs to reopen; an answer is owed."""
    by.require(Permission.FIRM_EDIT, firm.path)
    row = HelpRequest.objects.create(
        firm=firm,
        place=firm.place,
        path=firm.path,
        kind=kind,
        text=text.strip(),
        asked_at=at,
        asked_by_id=by.user_id,
    )
    record(ResumptionEvent.ASKED, subject=row, by=by, at=at, after={"kind": kind})
    touch(HelpRequest, [row.pk], at=at)
    return row


def answer_help(*, request: HelpRequest, answer: str, by: Actor, at: datetime) -> None:
    """Say what help was given, or what stands against it."""
    text = reason_of(answer)
    give_answer(HELP, request, says={"answer": text}, reason=text, by=by, at=at)


def reopen_help(*, request: HelpRequest, reason: str, by: Actor, at: datetime) -> None:
    """Take an answer back, as when the help did not come: the firm waits again."""
    take_back(HELP, request, reason=reason, by=by, at=at)
