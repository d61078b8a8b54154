"""Stays in beds, and how a patient left. The database refuses two patients in a bed and two beds for a patient."""

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.care.models.ward import Bed
from lianfang.care.querysets import PatientQuerySet
from lianfang.common.fields import MomentField, PathField
from lianfang.core.facts import Fact
from lianfang.core.intervals import Alone, Rule, Within

FAR_AHEAD = date(9999, 12, 31)


class Stay(Fact):
    """A patient lies in a bed from `occurred_at` until `until_at`; a transfer ends one stay and begins the next."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="stays")
    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="hospital_stays")
    bed = models.ForeignKey(Bed, models.PROTECT, related_name="stays")
    request = models.ForeignKey("care.BedRequest", models.SET_NULL, null=True, related_name="stays")
    path = PathField(db_index=True)  # of the facility
    source_path = PathField(db_index=True)  # of the case
    until_at = MomentField(null=True)
    # The days on which a round is owed: from the first to the day before the last; far ahead while the stay runs.
    first_round_on = models.DateField()
    last_round_on = models.DateField(default=FAR_AHEAD)

    intervals: ClassVar[tuple[Rule, ...]] = (
        Alone("patient_once", "person"),
        Alone("patient_bed_once", "bed"),
        Within("patient_within_bed", "bed"),
    )

    objects = PatientQuerySet.as_manager()  # type: ignore[misc]  # facts that are also seen by area

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gte=F("occurred_at")),
                name="patient_stay_in_order",
            )
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["case", "occurred_at"], name="stay_of_case"),
            models.Index(fields=["bed", "occurred_at"], name="patient_in_bed"),
        ]

    def __str__(self) -> str:
        return f"stay of case {self.case_id} in bed {self.bed_id}"


class How(models.TextChoices):
    """How a patient left."""

    DISCHARGED = "discharged", _("discharged")
    DIED = "died", _("died")
    AGAINST_ADVICE = "against_advice", _("left against advice")


class Departure(Fact):
    """A patient left at `occurred_at`. A discharge is a person's judgement; it keeps the edition and what was met."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="departures")
    how = models.CharField(max_length=14, choices=How)
    edition = models.CharField(max_length=80, blank=True)
    regime = models.CharField(max_length=30, blank=True)  # what follows, by that edition
    follow_days = models.PositiveSmallIntegerField(default=0)
    visit_weeks = models.JSONField(default=list)
    criteria = models.JSONField(default=list)  # [{item, met, evidence}]
    reason = models.TextField(blank=True)  # where a criterion is missing, why they left all the same
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = PatientQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["case", "occurred_at"], name="departure_of_case")
        ]

    def __str__(self) -> str:
        return f"case {self.case_id} {self.how}"


class VisitDue(models.Model):
    """A visit that the edition of a discharge asks for: in which week after it, from when and by when."""

    departure = models.ForeignKey(Departure, models.CASCADE, related_name="visits_due")
    week = models.PositiveSmallIntegerField()
    opens_at = MomentField()
    due_at = MomentField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["departure", "week"], name="visit_due_once")
        ]

    def __str__(self) -> str:
        return f"visit in week {self.week} after departure {self.departure_id}"
