"""What is owed to patients: a bed, an answer, a way there, a round each day, a decision, and visits afterwards."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Case as When_
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from lianfang.care.models import Aid, BedRequest, FollowUp, Pathway, Round, Stay, Support, VisitDue
from lianfang.cases.models import Case
from lianfang.common.fields import MomentField
from lianfang.core.registry.calendar import day_ends_at, day_on, day_starts_at, day_text, each_day
from lianfang.core.registry.models import Capability
from lianfang.core.rules import deadline
from lianfang.loop.duty import Check, Duty, answerable, duties, first_of, last_of, owing

_MOMENT: MomentField = MomentField(null=True)


def _cases_of(model: Any) -> Any:
    return lambda ids: Case.objects.filter(pk__in=model.objects.filter(pk__in=ids).values("case_id")).values(
        "pk"
    )


@duties.add
class AdmitCase(Duty):
    """Every confirmed case is in a bed within a day."""

    code = "care.admit"
    subject = Case
    capability = Capability.ADMIT
    title: ClassVar[Any] = _("Admit the patient")
    watches: ClassVar[Any] = {"care.Stay": _cases_of(Stay)}

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        stays = Stay.objects.current().filter(case_id=OuterRef("pk"))
        return owing(
            # A case that is entered with its outcome was never ours to admit.
            among.filter(Q(outcome="") | Exists(stays), confirmed_at__isnull=False).exclude(
                classification="asymptomatic"
            ),
            by=answerable(self.capability),
            since="confirmed_at",
            due=deadline("clock.admission", "confirmed_at", disease="disease"),
            met=first_of(stays, "occurred_at"),
            risk=Value(70),
        )


@duties.add
class AnswerRequest(Duty):
    """Every request for a bed is answered with a bed within four hours."""

    code = "care.answer"
    subject = BedRequest
    capability = Capability.PLACE
    title: ClassVar[Any] = _("Find a bed")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(Q(withdrawn_at__isnull=True) | Q(placed_at__isnull=False)),
            by=answerable(self.capability),
            since="asked_at",
            due=deadline("clock.bed_decision", "asked_at"),
            met=Coalesce("placed_at", "met_at", output_field=_MOMENT),
            risk=_by_level(),
        )


@duties.add
class BringPatient(Duty):
    """Every patient who was given a bed lies in it within six hours."""

    code = "care.bring"
    subject = BedRequest
    capability = Capability.ADMIT
    title: ClassVar[Any] = _("Bring the patient to the bed")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(withdrawn_at__isnull=True, placed_at__isnull=False),
            by=Coalesce(F("ward__unit_id"), answerable(self.capability)),
            since="placed_at",
            due=deadline("clock.transfer", "placed_at"),
            met="met_at",
            risk=_by_level(),
        )


@duties.add
class SeePatient(Duty):
    """Every patient in a bed is seen on a round each day."""

    code = "care.round"
    subject = Stay
    capability = Capability.ADMIT
    title: ClassVar[Any] = _("See the patient today")
    lapses = True
    daily = True
    check = Check.BY_SAMPLE
    watches: ClassVar[Any] = {
        "care.Round": lambda ids: Stay.objects.filter(
            case_id__in=Round.objects.filter(pk__in=ids).values("case_id")
        ).values("pk")
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        rounds = Round.objects.current().filter(case_id=OuterRef("case_id"), on=day_on())
        days = each_day(
            among.filter(superseded_at__isnull=True), first="first_round_on", last="last_round_on", until=at
        )
        return owing(
            days,
            by=F("bed__ward__unit_id"),
            occasion=day_text(),
            since=Greatest(day_starts_at(), F("occurred_at"), output_field=_MOMENT),
            due=day_ends_at(),
            met=first_of(rounds, "occurred_at"),
            again=last_of(rounds, "occurred_at"),
        )


@duties.add
class DecideDischarge(Duty):
    """Every patient who meets all criteria of discharge gets a decision within a day."""

    code = "care.decide_discharge"
    subject = Case
    capability = Capability.ADMIT
    title: ClassVar[Any] = _("Decide on the discharge")
    watches: ClassVar[Any] = {"care.Pathway": _cases_of(Pathway), "care.Stay": _cases_of(Stay)}

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        stays = Stay.objects.current().filter(case_id=OuterRef("pk")).order_by("-occurred_at", "-pk")
        return owing(
            among.filter(pathway__ready_at__isnull=False),
            by=Subquery(stays.values("bed__ward__unit_id")[:1]),
            since="pathway__ready_at",
            due=deadline("clock.discharge_decision", "pathway__ready_at"),
            met="pathway__left_at",
            path="pathway__path",
        )


@duties.add
class HandlePositiveAgain(Duty):
    """Everybody who tests positive after discharge is looked at within a day."""

    code = "care.positive_again"
    subject = Case
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Look at the patient who is positive again")
    watches: ClassVar[Any] = {
        "care.Pathway": _cases_of(Pathway),
        "care.FollowUp": _cases_of(FollowUp),
        "care.Stay": _cases_of(Stay),
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        after = {"case_id": OuterRef("pk"), "occurred_at__gte": OuterRef("pathway__positive_again_at")}
        seen = FollowUp.objects.current().filter(**after)
        back = Stay.objects.current().filter(**after)
        return owing(
            among.filter(pathway__positive_again_at__isnull=False),
            by=answerable(self.capability),
            since="pathway__positive_again_at",
            due=deadline("clock.positive_again", "pathway__positive_again_at"),
            met=Coalesce(first_of(seen, "occurred_at"), first_of(back, "occurred_at")),
            risk=Value(80),
        )


@duties.add
class VisitAfterDischarge(Duty):
    """Every discharged patient is looked at in each of the weeks that the protocol names."""

    code = "care.follow_up"
    subject = VisitDue
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Look at the discharged patient")
    watches: ClassVar[Any] = {
        "care.FollowUp": lambda ids: VisitDue.objects.filter(
            departure__case_id__in=FollowUp.objects.filter(pk__in=ids).values("case_id")
        ).values("pk"),
        "care.Departure": lambda ids: VisitDue.objects.filter(departure__in=ids).values("pk"),
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        visits = FollowUp.objects.current().filter(
            case_id=OuterRef("departure__case_id"),
            week=OuterRef("week"),
            occurred_at__gte=OuterRef("departure__occurred_at"),
        )
        return owing(
            among.filter(departure__superseded_at__isnull=True),
            by=answerable(self.capability, "departure__case__place_id"),
            since="opens_at",
            due="due_at",
            met=first_of(visits, "occurred_at"),
            path="departure__source_path",
        )


class _Support(Duty):
    """What a visit after discharge found to be needed is given."""

    subject = FollowUp
    capability = Capability.OBSERVE
    watches: ClassVar[Any] = {
        "care.Support": lambda ids: FollowUp.objects.filter(
            case_id__in=Support.objects.filter(pk__in=ids).values("case_id")
        ).values("pk")
    }
    aid: ClassVar[str]
    clock: ClassVar[str]

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        given = Support.objects.current().filter(
            case_id=OuterRef("case_id"), aid=self.aid, occurred_at__gte=OuterRef("occurred_at")
        )
        return owing(
            among.filter(superseded_at__isnull=True, **{f"needs_{self.aid}": True}),
            by=answerable(self.capability, "case__place_id"),
            since="occurred_at",
            due=deadline(self.clock, "occurred_at"),
            met=first_of(given, "occurred_at"),
            path="source_path",
        )


@duties.add
class Rehabilitate(_Support):
    """Everybody who needs rehabilitation after discharge has begun it within two weeks."""

    code = "care.rehabilitate"
    title: ClassVar[Any] = _("Begin the rehabilitation")
    aid = Aid.REHABILITATION
    clock = "clock.rehabilitation"


@duties.add
class Counsel(_Support):
    """Everybody who needs counselling after discharge is offered it within three days."""

    code = "care.counsel"
    title: ClassVar[Any] = _("Offer counselling")
    aid = Aid.COUNSELLING
    clock = "clock.counselling"


def _by_level() -> Any:
    return When_(When(level=3, then=Value(95)), When(level=2, then=Value(85)), default=Value(50))
