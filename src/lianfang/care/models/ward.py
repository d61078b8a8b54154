"""Wards and beds: the kinds are disjoint, capacity changes in time, and a bed is usable, occupied, reserved or cleaned."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.care.querysets import BedQuerySet, IntervalQuerySet, TallyQuerySet
from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import Fact
from lianfang.core.intervals import Alone, Rule, Within


class WardQuerySet(VisibleQuerySet):
    """Wards are seen by those who see beds in their area."""

    view_permission: ClassVar[Permission] = Permission.BED_VIEW


class BedKind(models.TextChoices):
    """The three kinds that were counted apart in 2020 (rules_2020 7.1)."""

    HOSPITAL = "hospital", _("designated hospital")
    CABIN = "cabin", _("mobile cabin hospital")
    POINT = "point", _("isolation point")


class CareLevel(models.IntegerChoices):
    """What care a bed gives, and a patient needs; each bed has one, so that no bed is counted twice."""

    ISOLATION = 0, _("isolation")
    ORDINARY = 1, _("ordinary")
    SEVERE = 2, _("severe (oxygen, monitor)")
    CRITICAL = 3, _("critical (intensive care)")


class Cohort(models.TextChoices):
    """Who may lie there: suspected alone, confirmed may share (rules_2020 2.9)."""

    ANY = "", _("anyone")
    SUSPECTED = "suspected", _("suspected")
    CONFIRMED = "confirmed", _("confirmed")


class WardSex(models.TextChoices):
    """Whom a ward of shared rooms takes."""

    ANY = "", _("all")
    FEMALE = "female", _("women")
    MALE = "male", _("men")


class Ward(models.Model):
    """Beds of one facility that are alike. A ward of `rooms_shared` false has single rooms, where cohort and sex do not matter."""

    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="wards")
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=BedKind, default=BedKind.HOSPITAL)
    level = models.SmallIntegerField(choices=CareLevel)
    rooms_shared = models.BooleanField(default=True)
    cohort = models.CharField(max_length=10, choices=Cohort, blank=True)
    sex = models.CharField(max_length=6, choices=WardSex, blank=True)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    closed_at = MomentField(null=True)

    objects = WardQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["unit", "name"], name="ward_once"),
            # Suspected patients lie alone: a shared room for them cannot be set up.
            models.CheckConstraint(
                condition=Q(rooms_shared=False) | Q(cohort="confirmed"), name="suspected_lie_alone"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Bed(models.Model):
    """One staffed bed, from a moment to a moment: the capacity of a ward is the number of its beds at the time."""

    ward = models.ForeignKey(Ward, models.PROTECT, related_name="beds")
    label = models.CharField(max_length=20)
    from_at = MomentField()
    until_at = MomentField(null=True)

    objects = BedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["ward", "label"], name="ward_bed_once"),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("from_at")), name="ward_bed_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ward_id}/{self.label}"


class Upkeep(Fact):
    """A bed cannot be given from `occurred_at` until `until_at`: it is cleaned, repaired, or kept for somebody named."""

    class Why(models.TextChoices):
        """Why it cannot be given."""

        CLEANING = "cleaning", _("cleaning")
        REPAIR = "repair", _("out of order")
        RESERVED = "reserved", _("reserved")

    bed = models.ForeignKey(Bed, models.CASCADE, related_name="upkeep")
    why = models.CharField(max_length=10, choices=Why)
    request = models.ForeignKey("care.BedRequest", models.CASCADE, null=True, related_name="reservations")
    until_at = MomentField(null=True)

    intervals: ClassVar[tuple[Rule, ...]] = (Alone("upkeep_once", "bed"), Within("upkeep_within_bed", "bed"))

    can_lie_ahead = True
    objects = IntervalQuerySet.as_manager()  # type: ignore[misc]  # facts, that also last

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gte=F("occurred_at")), name="upkeep_in_order"
            ),
            models.CheckConstraint(
                condition=Q(why="reserved", request__isnull=False) | ~Q(why="reserved"),
                name="reserved_for_whom",
            ),
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["bed", "occurred_at"], name="upkeep_of_bed")]

    def __str__(self) -> str:
        return f"{self.why} of bed {self.bed_id}"


class BedTally(Fact):
    """What a facility that keeps no single beds here told by number, of one kind and level; usable null: not told."""

    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    kind = models.CharField(max_length=10, choices=BedKind)
    level = models.SmallIntegerField(choices=CareLevel, null=True)
    usable = models.PositiveIntegerField(null=True)
    occupied = models.PositiveIntegerField()
    source = models.CharField(max_length=200, blank=True)

    objects = TallyQuerySet.as_manager()  # type: ignore[misc]  # facts that are also seen by area

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(occupied__lte=F("usable")), name="tally_occupied_within_usable"
            )
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["path", "kind", "occurred_at"], name="tally_of_area")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.occupied} of {self.usable if self.usable is not None else '?'}"
