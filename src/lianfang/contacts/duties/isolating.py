"""What is owed to people who are confined: a place, somebody who looks after them, supplies, and the end of it."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import BigIntegerField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField
from lianfang.contacts.models import Attendance, Contact, FollowUp, Liaison, Stay, StayKind, Supply
from lianfang.core.registry.calendar import day_ends_at, day_on, day_starts_at, day_text, each_day
from lianfang.core.registry.models import Capability
from lianfang.core.rules import deadline
from lianfang.loop.duty import Duty, answerable, duties, first_of, last_of, owing

_DAY = 86400
# While one of these stands, the person is not released as a contact: a case has its own rules.
_HELD = (FollowUp.UNDER, FollowUp.BECAME_CASE)

MOMENT: MomentField = MomentField(null=True)


@duties.add
class PlaceContact(Duty):
    """Every contact whom the rules confine has a place in a centre or at home within 24 hours of being named."""

    code = "contacts.place"
    subject = Contact
    capability = Capability.TRACE
    title: ClassVar[Any] = _("Place the contact")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        stays = Stay.objects.filter(person_id=OuterRef("person_id"), superseded_at__isnull=True).filter(
            Q(until_at__isnull=True) | Q(until_at__gte=OuterRef("named_at"))
        )
        return owing(
            among.filter(is_confined=True, visit_until_on__isnull=False),
            by=answerable(self.capability),
            since="named_at",
            due=deadline("clock.isolation", "named_at", disease="disease"),
            met=first_of(stays, "occurred_at"),
            risk=Value(50),
        )


@duties.add
class NameLiaison(Duty):
    """Every elder, child, disabled or poor person in isolation has a named contact person."""

    code = "contacts.liaison"
    subject = Stay
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Name a contact person")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        named = Liaison.objects.filter(stay_id=OuterRef("pk"), superseded_at__isnull=True)
        return owing(
            among.filter(superseded_at__isnull=True, is_vulnerable=True),
            by=answerable(self.capability),
            since="occurred_at",
            due=deadline("clock.liaison", "occurred_at"),
            met=first_of(named, "occurred_at"),
            risk=Value(70),
        )


@duties.add
class AttendConfined(Duty):
    """Every elder, child, disabled or poor person in isolation is visited or called as often as the rules say."""

    code = "contacts.attend"
    subject = Stay
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Look after the person in isolation")
    lapses = True
    daily = True

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        seen = Attendance.objects.filter(
            stay_id=OuterRef("pk"), superseded_at__isnull=True, reached=True, on=day_on()
        )
        rows = among.filter(superseded_at__isnull=True, is_vulnerable=True)
        return _every(rows, "attend_every", at, by=self.capability, met=first_of(seen, "occurred_at"))


@duties.add
class SupplyConfined(Duty):
    """Everyone in isolation at home is brought the necessities as often as the rules say."""

    code = "contacts.supply"
    subject = Stay
    capability = Capability.SUPPLY
    title: ClassVar[Any] = _("Bring supplies")
    daily = True

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        # What was brought since the occasion before: a delivery a day early is not asked for again.
        days_before = (OuterRef("supply_every") - Value(1)) * Value(_DAY)
        earliest = ExpressionWrapper(_seconds(day_starts_at()) - days_before, output_field=MOMENT)
        brought = Supply.objects.filter(
            stay_id=OuterRef("pk"),
            superseded_at__isnull=True,
            occurred_at__gte=earliest,
        )
        rows = among.filter(superseded_at__isnull=True, kind=StayKind.HOME)
        return _every(rows, "supply_every", at, by=self.capability, met=first_of(brought, "occurred_at"))


@duties.add
class ReleaseConfined(Duty):
    """Everyone in isolation whose observation is over is released within a day."""

    code = "contacts.release"
    subject = Stay
    capability = Capability.TRACE
    title: ClassVar[Any] = _("Release from isolation")
    watches: ClassVar[Any] = {
        "contacts.Contact": lambda ids: Stay.objects.filter(person__contacts__in=ids).values("pk")
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        rows = Contact.objects.filter(person_id=OuterRef("person_id"))
        over = Greatest(last_of(rows, "status_at"), F("occurred_at"), output_field=MOMENT)
        ended = (
            among.filter(superseded_at__isnull=True, contact__isnull=False)
            .exclude(Exists(rows.filter(status__in=_HELD)))
            .annotate(_over=over)
            .filter(Q(until_at__isnull=True) | Q(until_at__gte=F("_over")))
        )
        return owing(
            ended,
            by=answerable(self.capability),
            since="_over",
            due=deadline("clock.release", "_over"),
            met="until_at",
            risk=Value(60),
        )


def _seconds(moment: Any) -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(moment, output_field=BigIntegerField())


def _every(rows: QuerySet[Any], every: str, at: datetime, *, by: str, met: Any) -> QuerySet[Any]:
    """Return a duty for the first whole day of a stay and every `every` days after, to the day before it ends."""
    days = each_day(rows, first="from_on", last="until_on", until=at, is_open=True)
    whole_days = ExpressionWrapper(
        (_seconds(day_starts_at()) - _seconds(F("occurred_at"))) / Value(_DAY) % F(every),
        output_field=BigIntegerField(),
    )
    due = days.annotate(_n=whole_days).filter(
        Q(until_on__isnull=True) | Q(until_on__gt=day_on()), _n=0, occurred_at__lt=day_starts_at()
    )
    return owing(
        due,
        by=answerable(by),
        occasion=day_text(),
        since=day_starts_at(),
        due=day_ends_at(),
        met=met,
        risk=Value(50),
    )
