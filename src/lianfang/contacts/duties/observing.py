"""What is owed about contacts: listed, told, seen every day, and looked at when they show signs."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Case as When_
from django.db.models import CharField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Coalesce, Greatest, Least
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case, Investigation, Screening
from lianfang.common.fields import MomentField
from lianfang.contacts.models import Contact, FollowUp, Observation, Seen, SelfReports, Swab
from lianfang.core.registry.calendar import day_ends_at, day_on, day_starts_at, day_text, each_day
from lianfang.core.registry.models import Capability
from lianfang.core.rules import deadline
from lianfang.loop.duty import Check, Duty, answerable, duties, first_of, last_of, owing

_SEEN = (Seen.SEEN_OK, Seen.SEEN_NOT_OK)

MOMENT: MomentField = MomentField(null=True)


def _rows_of_person(ids: Any) -> QuerySet[Any]:
    """Return all rows of the people who were seen: a visit proves the duty of whichever row has the day."""
    people = Observation.objects.filter(pk__in=ids).values("contact__person_id")
    return Contact.objects.filter(person_id__in=people).values("pk")


@duties.add
class ListContacts(Duty):
    """Every confirmed case has its contacts listed, or is asked and has none, within 24 hours of the report."""

    code = "contacts.list"
    subject = Case
    capability = Capability.TRACE
    title: ClassVar[Any] = _("List the contacts")
    watches: ClassVar[Any] = {
        "contacts.Contact": lambda ids: Contact.objects.filter(pk__in=ids).values("case_id")
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        since = Greatest("reported_at", "confirmed_at", output_field=MOMENT)
        named = Contact.objects.filter(case_id=OuterRef("pk"))
        asked = Investigation.objects.filter(
            case_id=OuterRef("pk"), superseded_at__isnull=True, contacts_asked=True
        )
        return owing(
            among.filter(confirmed_at__isnull=False),
            by=answerable(self.capability),
            since=since,
            due=deadline("clock.investigation", since, disease="disease"),
            met=Coalesce(first_of(named, "named_at"), first_of(asked, "occurred_at")),
        )


@duties.add
class NotifyContact(Duty):
    """Every contact is told and placed under observation within 24 hours of being named."""

    code = "contacts.notify"
    subject = Contact
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Tell the contact")
    watches: ClassVar[Any] = {
        "contacts.Observation": lambda ids: Observation.objects.filter(pk__in=ids).values("contact_id")
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        seen = Observation.objects.filter(
            contact_id=OuterRef("pk"), superseded_at__isnull=True, seen__in=_SEEN
        )
        return owing(
            among.filter(observe_from_on__isnull=False).exclude(status=FollowUp.CANCELLED),
            by=answerable(self.capability),
            since="named_at",
            due=deadline("clock.notification", "named_at", disease="disease"),
            # Who was found to be a case has been reached, by another way.
            met=Coalesce(F("notified_at"), first_of(seen, "occurred_at"), F("case_later__opened_at")),
            risk=_risk(),
        )


@duties.add
class ObserveDaily(Duty):
    """Every contact under observation is seen once on each day until the last."""

    code = "contacts.observe"
    subject = Contact
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Visit the contact today")
    check = Check.BY_SAMPLE
    sheddable = True
    lapses = True
    daily = True
    watches: ClassVar[Any] = {"contacts.Observation": _rows_of_person}

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        # `visit_until_on` ends where the observation ended early, and where another row of the person has the visits.
        days = each_day(among, first="observe_from_on", last="visit_until_on", until=at)
        seen = Observation.objects.filter(
            Q(by_self=False) | Q(contact__self_reports=SelfReports.VISIT),
            contact__person_id=OuterRef("person_id"),
            contact__disease=OuterRef("disease"),
            superseded_at__isnull=True,
            seen__in=_SEEN,
            on=day_on(),
        )
        return owing(
            days,
            by=answerable(self.capability),
            occasion=day_text(),
            since=day_starts_at(),
            due=day_ends_at(),
            met=first_of(seen, "occurred_at"),
            again=last_of(seen, "occurred_at"),
            risk=_risk(),
        )


# More readings a day than this are not asked for one by one.
_MOST_READINGS = 4


@duties.add
class MeasureTemperature(Duty):
    """Every contact under observation has the temperature taken as many times a day as the rules say, hours apart."""

    code = "contacts.measure"
    subject = Contact
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Take the temperature")
    sheddable = True
    lapses = True
    daily = True
    watches: ClassVar[Any] = {"contacts.Observation": _rows_of_person}

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        days = each_day(
            among.filter(n_readings__gte=1), first="observe_from_on", last="visit_until_on", until=at
        )
        readings = Observation.objects.filter(
            Q(by_self=False) | ~Q(contact__self_reports=SelfReports.NONE),
            contact__person_id=OuterRef("person_id"),
            contact__disease=OuterRef("disease"),
            superseded_at__isnull=True,
            temperature__isnull=False,
            on=day_on(),
        )
        # Morning and evening: a reading soon after another is the same reading again.
        days = days.annotate(_reading_1=first_of(readings, "occurred_at"))
        for n in range(2, _MOST_READINGS + 1):
            before = ExpressionWrapper(OuterRef(f"_reading_{n - 1}"), output_field=MOMENT)
            apart = deadline("clock.reading_apart", before)
            later = readings.filter(occurred_at__gte=apart)
            days = days.annotate(**{f"_reading_{n}": first_of(later, "occurred_at")})
        # Who is named so late that no second reading fits into the day has one on that day.
        named = deadline("clock.reading_apart", "named_at")
        days = days.annotate(_fits_one=ExpressionWrapper(named, output_field=MOMENT))
        late = Q(observe_from_on=day_on(), _fits_one__gt=day_ends_at())
        met = When_(
            When(late, then=F("_reading_1")),
            *(When(condition, then=F(f"_reading_{n}")) for n, condition in _wanted_readings()),
            default=None,
            output_field=MOMENT,
        )
        return owing(
            days,
            by=answerable(self.capability),
            occasion=day_text(),
            since=day_starts_at(),
            due=day_ends_at(),
            met=met,
            risk=_risk(),
        )


def _wanted_readings() -> list[tuple[int, Q]]:
    exact = [(n, Q(n_readings=n)) for n in range(1, _MOST_READINGS)]
    return [*exact, (_MOST_READINGS, Q(n_readings__gte=_MOST_READINGS))]


@duties.add
class SwabContact(Duty):
    """Every contact is tested on the days of observation that the rules name."""

    code = "contacts.swab"
    subject = Contact
    capability = Capability.SAMPLE
    title: ClassVar[Any] = _("Test the contact")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        rows = among.filter(swab_days__since_at__lte=at)
        taken = Swab.objects.filter(
            contact__person_id=OuterRef("person_id"),
            contact__disease=OuterRef("disease"),
            superseded_at__isnull=True,
            occurred_at__gte=OuterRef("swab_days__since_at"),
            occurred_at__lt=Coalesce(OuterRef("swab_days__until_at"), Value(2**53), output_field=MOMENT),
        )
        return owing(
            rows,
            by=answerable(self.capability),
            occasion=Cast(F("swab_days__on"), CharField(max_length=10)),
            since="swab_days__since_at",
            due="swab_days__due_at",
            met=first_of(taken, "occurred_at"),
            risk=_risk(),
        )


@duties.add
class LookAtSigns(Duty):
    """Every contact who shows signs is looked at as a possible case within 2 hours."""

    code = "contacts.signs"
    subject = Observation
    capability = Capability.SCREEN
    title: ClassVar[Any] = _("Look at the contact with signs")
    watches: ClassVar[Any] = {
        "cases.Case": lambda ids: Observation.objects.filter(contact__person__cases__in=ids).values("pk"),
        "cases.Screening": lambda ids: Observation.objects.filter(contact__person__screenings__in=ids).values(
            "pk"
        ),
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        opened = Case.objects.filter(
            person_id=OuterRef("contact__person_id"),
            disease=OuterRef("contact__disease"),
            diagnosed_at__isnull=False,
        )
        looked = Screening.objects.filter(
            person_id=OuterRef("contact__person_id"),
            looked_at__isnull=False,
            looked_at__gte=OuterRef("occurred_at"),
        )
        after = Greatest(first_of(opened, "opened_at"), F("occurred_at"), output_field=MOMENT)
        as_case = When_(When(Q(_opened__isnull=False), then=after), default=None, output_field=MOMENT)
        rows = among.filter(superseded_at__isnull=True, seen=Seen.SEEN_NOT_OK).annotate(
            _opened=first_of(opened, "opened_at"), _looked=first_of(looked, "looked_at")
        )
        never = Value(2**53, output_field=MOMENT)
        met = Least(Coalesce(as_case, never), Coalesce(F("_looked"), never), output_field=MOMENT)
        return owing(
            rows,
            by=answerable(self.capability, "contact__place_id"),
            since="occurred_at",
            due=deadline("clock.screening", "occurred_at"),
            met=When_(
                When(
                    Q(_opened__isnull=True) & Q(_looked__isnull=True), then=Value(None, output_field=MOMENT)
                ),
                default=met,
                output_field=MOMENT,
            ),
            path="contact__path",
            risk=Value(90),
        )


# Settings of which the risk of infection was highest in 2020, in the words of the definitions (China CDC Weekly 2020).
_NEAREST = ("household", "caregiver", "aerosol", "care")


def _risk() -> Any:
    """Rank contacts for days on which hands are short: high-risk exposure first, then the nearest settings."""
    return When_(
        When(is_high_risk=True, then=Value(80)),
        When(setting__in=_NEAREST, then=Value(60)),
        default=Value(40),
    )
