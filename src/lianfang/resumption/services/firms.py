"""Firms are entered, declare that they reopen, ask for help and are answered; stranded people are looked after."""

from datetime import datetime

from django.db import transaction

from lianfang.common.clock import local_day
from lianfang.common.paths import lineage
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Place
from lianfang.core.registry.services import resolve_people
from lianfang.loop.touch import touch
from lianfang.measures.rules import by_grade
from lianfang.regions.models import Grade
from lianfang.resumption.errors import AlreadyDeclared, GroundsNeeded, NobodyNamed, NothingOpen
from lianfang.resumption.events import ResumptionEvent
from lianfang.resumption.models import Firm, HelpRequest, Reopening, Stranded


def reason_of(text: str) -> str:
    """Return the reason without blanks around it; there must be one."""
    if not text.strip():
        raise GroundsNeeded
    return text.strip()


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
    if standing is not None and standing.is_open is not False:
        raise AlreadyDeclared
    grade, edition, needs = permit_at(firm.path, at)
    if standing is not None:  # refused before: that declaration stays on file and no longer holds
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
    levels = list(
        Grade.objects.current()
        .filter(path__in=lineage(path), occurred_at__lte=at)
        .values_list("level", flat=True)
    )
    if rule is None or not levels:
        return "", rule[0].edition_id if rule else "", False
    edition, says = rule
    level = max(levels, key=("low", "medium", "high").index)
    return level, edition.edition_id, says.reopening_needs_permit[level]


@transaction.atomic
def decide_reopening(*, reopening: Reopening, is_open: bool, reason: str, by: Actor, at: datetime) -> None:
    """Decide that a firm may reopen, or why not."""
    by.require(Permission.MEASURE_DECIDE, reopening.path)
    waiting = Reopening.objects.current().filter(pk=reopening.pk, needs_permit=True, decided_at__isnull=True)
    if not waiting.update(is_open=is_open, reason=reason_of(reason), decided_at=at, decided_by_id=by.user_id):
        raise NothingOpen
    record(
        ResumptionEvent.DECIDED, subject=reopening, by=by, at=at, reason=reason, after={"is_open": is_open}
    )
    touch(Reopening, [reopening.pk], at=at)


@transaction.atomic
def reopen_decision(*, reopening: Reopening, reason: str, by: Actor, at: datetime) -> None:
    """Take a decision on a firm back: it waits again."""
    by.require(Permission.MEASURE_DECIDE, reopening.path)
    decided = Reopening.objects.current().filter(pk=reopening.pk, needs_permit=True, decided_at__isnull=False)
    if not decided.update(is_open=None, reason=reason_of(reason), decided_at=None, decided_by=None):
        raise NothingOpen
    record(ResumptionEvent.DECIDED, subject=reopening, by=by, at=at, reason=reason, after={"is_open": None})
    touch(Reopening, [reopening.pk], at=at)


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


@transaction.atomic
def answer_help(*, request: HelpRequest, answer: str, by: Actor, at: datetime) -> None:
    """Say what help was given, or what stands against it."""
    by.require(Permission.FIRM_EDIT, request.path)
    waiting = HelpRequest.objects.filter(pk=request.pk, answered_at__isnull=True)
    if not waiting.update(answer=reason_of(answer), answered_at=at, answered_by_id=by.user_id):
        raise NothingOpen
    record(ResumptionEvent.HELPED, subject=request, by=by, at=at, reason=answer)
    touch(HelpRequest, [request.pk], at=at)


@transaction.atomic
def reopen_help(*, request: HelpRequest, reason: str, by: Actor, at: datetime) -> None:
    """Take an answer back, as when the help did not come: the firm waits again."""
    by.require(Permission.FIRM_EDIT, request.path)
    reason_of(reason)
    if not HelpRequest.objects.filter(pk=request.pk, answered_at__isnull=False).update(answered_at=None):
        raise NothingOpen
    record(ResumptionEvent.HELPED, subject=request, by=by, at=at, reason=reason, after={"answered": False})
    touch(HelpRequest, [request.pk], at=at)


@transaction.atomic
def report_stranded(*, who: PersonCandidate, place: Place, need: str, by: Actor, at: datetime) -> Stranded:
    """Report a person who cannot go on or home; the place where they are looks after them."""
    by.require(Permission.CHARTER_EDIT, place.path)
    if not who.name.strip():
        raise NobodyNamed
    person = resolve_people([who], by=by, at=at)[0].person
    row = Stranded.objects.create(
        person=person, place=place, path=place.path, need=reason_of(need), found_at=at, found_by_id=by.user_id
    )
    record(ResumptionEvent.STRANDED, subject=row, by=by, at=at, after={"on": local_day(at).isoformat()})
    touch(Stranded, [row.pk], at=at)
    return row


@transaction.atomic
def settle_stranded(*, stranded: Stranded, how: str, by: Actor, at: datetime) -> None:
    """Say how a stranded person was looked after."""
    by.require(Permission.CHARTER_EDIT, stranded.path)
    waiting = Stranded.objects.filter(pk=stranded.pk, settled_at__isnull=True)
    if not waiting.update(how=reason_of(how), settled_at=at, settled_by_id=by.user_id):
        raise NothingOpen
    record(ResumptionEvent.SETTLED, subject=stranded, by=by, at=at, reason=how)
    touch(Stranded, [stranded.pk], at=at)


@transaction.atomic
def reopen_stranded(*, stranded: Stranded, reason: str, by: Actor, at: datetime) -> None:
    """Take back that a person was looked after."""
    by.require(Permission.CHARTER_EDIT, stranded.path)
    reason_of(reason)
    if not Stranded.objects.filter(pk=stranded.pk, settled_at__isnull=False).update(settled_at=None):
        raise NothingOpen
    record(ResumptionEvent.SETTLED, subject=stranded, by=by, at=at, reason=reason, after={"settled": False})
    touch(Stranded, [stranded.pk], at=at)
