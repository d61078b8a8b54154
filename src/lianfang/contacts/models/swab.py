"""Tests of people under observation: on which days they are due, and what was taken and found."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from lianfang.cases.models import Finding
from lianfang.common.fields import MomentField
from lianfang.contacts.models.contact import Contact
from lianfang.core.facts import Fact


class SwabDay(models.Model):
    """A day on which the rules want a contact tested. Derived; written only by `contacts.derive`."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="swab_days")
    on = models.DateField()
    number = models.PositiveSmallIntegerField()  # the day of observation as the edition counts it
    since_at = MomentField()
    due_at = MomentField()
    until_at = MomentField(null=True)  # when the next one begins; null for the last

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["contact", "on"], name="swab_day_once")
        ]

    def __str__(self) -> str:
        return f"day {self.number} of {self.contact_id}"


class Swab(Fact):
    """A specimen was taken from a contact (`occurred_at`); `finding` is pending until the laboratory says more.

    A positive one opens a case, and `case` is that case.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="swabs")
    specimen = models.CharField(max_length=40)
    kind = models.CharField(max_length=30)
    finding = models.CharField(max_length=14, choices=Finding, default=Finding.PENDING)
    resulted_at = MomentField(null=True)
    laboratory = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    number = models.CharField(max_length=80)
    case = models.ForeignKey("cases.Case", models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["contact", "number"], condition=Q(superseded_at__isnull=True), name="swab_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.finding}"
