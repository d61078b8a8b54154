"""People on their own: who is stranded is looked after where they are, who arrives is met where they arrive."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from lianfang.cases.services import record_screening
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Place
from lianfang.core.registry.services import resolve_people
from lianfang.loop.touch import touch
from lianfang.resumption.errors import BadJourney, NobodyNamed
from lianfang.resumption.events import ResumptionEvent
from lianfang.resumption.models import Arrival, Stranded
from lianfang.resumption.rules import fever_at, observation_asked
from lianfang.resumption.services.answering import Answer, give_answer, reason_of, take_back

SETTLED = Answer(
    model=Stranded, event=ResumptionEvent.SETTLED, permission=Permission.CHARTER_EDIT,
    moment="settled_at", person="settled_by",
)  # fmt: skip
MET = Answer(
    model=Arrival, event=ResumptionEvent.MET, permission=Permission.CHARTER_EDIT, moment="met_at", person="met_by",
    empty={"came": None, "temperature": None, "observe_until_on": None},
)  # fmt: skip


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


def settle_stranded(*, stranded: Stranded, how: str, by: Actor, at: datetime) -> None:
    """Say how a stranded person was looked after."""
    text = reason_of(how)
    give_answer(SETTLED, stranded, says={"how": text}, reason=text, by=by, at=at)


def reopen_stranded(*, stranded: Stranded, reason: str, by: Actor, at: datetime) -> None:
    """Take back that a person was looked after."""
    take_back(SETTLED, stranded, reason=reason, by=by, at=at)


@transaction.atomic
def announce_arrival(
    *,
    who: PersonCandidate,
    from_place: Place,
    to_place: Place,
    expected_at: datetime,
    by: Actor,
    at: datetime,
) -> Arrival:
    """Announce a person who comes alone, from either side; the receiving side is owed to meet them.

    The grade of the place they leave is kept, with the days of observation that the edition then asks for.
    """
    if not by.may(Permission.CHARTER_EDIT, from_place.path):
        by.require(Permission.CHARTER_EDIT, to_place.path)
    if from_place == to_place:
        raise BadJourney(reason=from_place.name)
    if not who.name.strip():
        raise NobodyNamed
    person = resolve_people([who], by=by, at=at)[0].person
    grade, edition, days = observation_asked(from_place.path, expected_at)
    row = Arrival.objects.create(
        person=person, from_place=from_place, source_path=from_place.path, place=to_place, path=to_place.path,
        expected_at=expected_at, announced_at=at, announced_by_id=by.user_id, grade=grade, edition=edition,
        observe_days=days,
    )  # fmt: skip
    after = {"from": from_place.code, "grade": grade, "observe_days": days}
    record(ResumptionEvent.ANNOUNCED, subject=row, by=by, at=at, after=after)
    touch(Arrival, [row.pk], at=at)
    return row


@transaction.atomic
def meet_arrival(
    *,
    arrival: Arrival,
    came: bool,
    by: Actor,
    at: datetime,
    temperature: Decimal | None = None,
    observe_until_on: date | None = None,
    note: str = "",
) -> None:
    """Say that a person who was announced came, or was looked for and did not; who has fever is screened at once.

    Observation restricts, so it holds as the person who met them decides: `observe_until_on`, null for none.
    """
    if not came:
        reason_of(note)
    if observe_until_on is not None and observe_until_on < local_day(at):
        raise BadJourney(reason=observe_until_on.isoformat())
    says = {
        "came": came, "temperature": temperature, "observe_until_on": observe_until_on, "note": note.strip(),
    }  # fmt: skip
    after = {"came": came, "observe_until_on": observe_until_on.isoformat() if observe_until_on else None}
    give_answer(MET, arrival, says=says, reason=note, after=after, by=by, at=at)
    if temperature is not None and fever_at(arrival.path, at).holds(float(temperature)):
        record_screening(
            person=arrival.person, place=arrival.place, read_at=at, temperature=float(temperature),
            by=Actor.system("resumption.arrival"), at=at,
        )  # fmt: skip


def withdraw_meeting(*, arrival: Arrival, reason: str, by: Actor, at: datetime) -> None:
    """Take back that a person was met: they are owed it again."""
    take_back(MET, arrival, reason=reason, by=by, at=at)
