"""What is seen and done at the bedside, and at the visits after discharge."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianfang.care.querysets import PatientQuerySet
from lianfang.common.fields import MomentField, PathField
from lianfang.core.facts import Fact


class Respiratory(models.TextChoices):
    """The clinician's judgement of the respiratory symptoms, in the words of the discharge rules."""

    WORSE = "worse", _("worse")
    UNCHANGED = "unchanged", _("unchanged")
    IMPROVED = "improved", _("somewhat improved")
    CLEARLY_IMPROVED = "clearly_improved", _("clearly improved")
    RESOLVED = "resolved", _("resolved")


class Round(Fact):
    """A patient was seen on a round: what was measured (null where not), and what severity was judged by."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="rounds")
    on = models.DateField()
    temperature = models.FloatField(null=True)
    respiratory_rate = models.FloatField(null=True)
    spo2 = models.FloatField(null=True)  # at rest, percent
    pao2_fio2 = models.FloatField(null=True)  # mmHg
    altitude_m = models.FloatField(default=0)
    ventilated = models.BooleanField(default=False)  # respiratory failure with mechanical ventilation
    shock = models.BooleanField(default=False)
    organ_failure = models.BooleanField(default=False)  # of another organ, in intensive care
    respiratory = models.CharField(max_length=18, choices=Respiratory, blank=True)
    imaging = models.JSONField(default=list)  # codes of the rulebook's findings
    progress_percent = models.FloatField(null=True)  # lesions against the image before
    progress_hours = models.FloatField(null=True)
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = PatientQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(spo2__isnull=True) | Q(spo2__range=(0, 100)), name="spo2_is_percent"
            ),
            models.CheckConstraint(
                condition=Q(temperature__isnull=True) | Q(temperature__range=(30, 45)),
                name="temperature_possible",
            ),
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["case", "on"], name="round_of_day")]

    def __str__(self) -> str:
        return f"round of case {self.case_id} on {self.on}"


class Comorbidities(Fact):
    """What a patient was ill with before, as asked at `occurred_at`; an empty list says that there is nothing.

    `conditions` are codes of the rulebook's vocabulary. The latest answer counts.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="comorbidities")
    conditions = models.JSONField(default=list)
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = PatientQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"comorbidities of case {self.case_id}"


class Treatment(Fact):
    """A treatment was given from `occurred_at` until `until_at` (null: still)."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="treatments")
    what = models.CharField(max_length=80)  # a code of the protocol, or a name
    dose = models.CharField(max_length=80, blank=True)
    until_at = MomentField(null=True)
    stopped_because = models.CharField(max_length=200, blank=True)
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = PatientQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"{self.what} of case {self.case_id}"


class Aid(models.TextChoices):
    """What a discharged patient can need beyond being looked at."""

    REHABILITATION = "rehabilitation", _("rehabilitation")
    COUNSELLING = "counselling", _("counselling")


class Support(Fact):
    """A discharged patient was given rehabilitation or counselling."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="supports")
    aid = models.CharField(max_length=14, choices=Aid)
    note = models.TextField(blank=True)
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = PatientQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"{self.aid} of case {self.case_id}"


class FollowUp(Fact):
    """A discharged patient was visited or came back to be looked at; `week` is the visit it answers (null: another)."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="follow_ups")
    week = models.PositiveSmallIntegerField(null=True)
    temperature = models.FloatField(null=True)
    signs = models.JSONField(default=list)
    imaging = models.JSONField(default=list)
    needs_rehabilitation = models.BooleanField(default=False)
    needs_counselling = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = PatientQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"follow-up of case {self.case_id}"
