"""Isolation: centres with rooms and beds, stays in them and at home, and what people in isolation are brought."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.contacts.models.contact import Contact
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import Fact, FactQuerySet
from lianfang.core.intervals import Alone, Rule, Within


class SiteQuerySet(VisibleQuerySet):
    """Sites are seen by those who see contacts in their area."""

    view_permission: ClassVar[Permission] = Permission.CONTACT_VIEW


class StayQuerySet(FactQuerySet, VisibleQuerySet):  # type: ignore[override]  # the stubs type as_manager by class
    """Stays are seen where the person stays and where the person lives."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "residence_path")
    view_permission: ClassVar[Permission] = Permission.CONTACT_VIEW


class SiteKind(models.TextChoices):
    """What kind of place it is."""

    CENTRE = "centre", _("isolation centre")
    HOTEL = "hotel", _("hotel taken over")
    HOSPITAL = "hospital", _("hospital ward")


class IsolationSite(models.Model):
    """A building in which people are isolated; `unit` runs it."""

    name = models.CharField(max_length=160)
    name_en = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=10, choices=SiteKind, default=SiteKind.CENTRE)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")

    objects = SiteQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["place", "name"], name="isolation_site_once")
        ]

    def __str__(self) -> str:
        return self.name


class Room(models.Model):
    """A room of a site."""

    site = models.ForeignKey(IsolationSite, models.CASCADE, related_name="rooms")
    label = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["site", "label"], name="room_once")
        ]

    def __str__(self) -> str:
        return f"{self.site_id}/{self.label}"


class Bed(models.Model):
    """One place in a room, from a moment to a moment: the capacity of a room is the number of its beds at the time."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="beds")
    from_at = MomentField()
    until_at = MomentField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("from_at")), name="bed_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"bed {self.pk} of room {self.room_id}"


class StayKind(models.TextChoices):
    """Where a person is isolated."""

    CENTRE = "central", _("in a centre")
    HOME = "home", _("at home")


class Need(models.TextChoices):
    """Why a person in isolation needs somebody who looks after them."""

    ELDER = "elder", _("elder")
    CHILD = "child", _("child")
    DISABLED = "disabled", _("disabled")
    POOR = "poor", _("poor household")
    ALONE = "alone", _("lives alone")


class Stay(Fact):
    """A person is isolated in a bed of a centre, or at home (no bed), from `occurred_at` until `until_at`.

    The end completes the fact and does not contradict it: it is set on the row itself, once.
    No two stays that hold overlap for one person or one bed, and none reaches beyond the time of its bed: the database
    refuses it (`core.intervals`).
    """

    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="stays")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="stays")
    kind = models.CharField(max_length=8, choices=StayKind)
    bed = models.ForeignKey(Bed, models.PROTECT, null=True, related_name="stays")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    residence_path = PathField(blank=True, db_index=True)
    until_at = MomentField(null=True)
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    needs = models.JSONField(default=list)  # of Need: as told, and by age
    is_vulnerable = models.BooleanField(default=False)
    # By the edition in force when the stay began: every how many days the person is seen to, and supplied.
    edition = models.CharField(max_length=80, blank=True)
    attend_every = models.PositiveSmallIntegerField(default=1)
    supply_every = models.PositiveSmallIntegerField(default=1)
    released_by_rule = models.CharField(max_length=80, blank=True)  # the edition by which the stay ended
    reason = models.TextField(blank=True)  # why it ended otherwise

    intervals: ClassVar[tuple[Rule, ...]] = (
        Alone("stay_person_once", "person"),
        Alone("stay_bed_once", "bed"),
        Within("stay_within_bed", "bed"),
    )

    objects = StayQuerySet.as_manager()  # type: ignore[misc]  # facts that are also seen by area

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gte=F("occurred_at")), name="stay_in_order"
            ),
            models.CheckConstraint(
                condition=Q(kind="home", bed__isnull=True) | Q(kind="central", bed__isnull=False),
                name="stay_in_a_bed_or_at_home",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["person", "occurred_at"], name="stay_of_person"),
            models.Index(fields=["bed", "occurred_at"], name="stay_in_bed"),
        ]

    def __str__(self) -> str:
        return f"stay of {self.person_id} since {self.occurred_at}"


class Liaison(Fact):
    """Who looks after a person in isolation: a named person of a unit, with a telephone (包保联系人)."""

    stay = models.ForeignKey(Stay, models.CASCADE, related_name="liaisons")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=80)
    phone = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"{self.name} for stay {self.stay_id}"


class Attendance(Fact):
    """The liaison visited or called a person in isolation, or tried to and did not reach them."""

    class How(models.TextChoices):
        """How it was tried."""

        VISIT = "visit", _("visit")
        CALL = "call", _("call")

    stay = models.ForeignKey(Stay, models.CASCADE, related_name="attendances")
    on = models.DateField()
    how = models.CharField(max_length=6, choices=How)
    reached = models.BooleanField(default=True)
    note = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["stay", "on"], name="attendance_of_day")]

    def __str__(self) -> str:
        return f"{self.how} on {self.on}"


class Supply(Fact):
    """Necessities were brought to a person in isolation."""

    stay = models.ForeignKey(Stay, models.CASCADE, related_name="supplies")
    on = models.DateField()
    what = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["stay", "on"], name="supply_of_day")]

    def __str__(self) -> str:
        return f"supply on {self.on}"
