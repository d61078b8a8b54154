"""Places, units, people, identities, households, and the acts of merging."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.registry.querysets import (
    HouseholdQuerySet,
    MatchReviewQuerySet,
    PersonQuerySet,
    PlaceQuerySet,
    UnitQuerySet,
)


class Level(models.IntegerChoices):
    """The levels of the hierarchy, from the nation to the grid cell; a country names its own levels in its place table."""

    NATION = 0, _("nation")
    PROVINCE = 1, _("province")
    PREFECTURE = 2, _("prefecture")
    COUNTY = 3, _("county")
    TOWNSHIP = 4, _("township")
    VILLAGE = 5, _("village")
    CELL = 6, _("grid cell")


class Place(models.Model):
    """One area of the hierarchy; codes are those of GB/T 2260 in China and whatever the loaded table says elsewhere."""

    code = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    level = models.PositiveSmallIntegerField(choices=Level)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = PathField(unique=True)
    population = models.PositiveBigIntegerField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    is_urban = models.BooleanField(default=False)  # a county that is a district of its city (市辖区)
    abolished_on = models.DateField(null=True, blank=True)
    succeeded_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="predecessors"
    )

    objects = PlaceQuerySet.as_manager()

    class Meta:
        ordering = ["path"]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class UnitKind(models.TextChoices):
    """What a unit is; what it can answer for is said by its capabilities."""

    HEALTH_AUTHORITY = "health_authority", _("health authority")
    CDC = "cdc", _("centre for disease control")
    HOSPITAL = "hospital", _("hospital")
    FEVER_CLINIC = "fever_clinic", _("fever clinic")
    LABORATORY = "laboratory", _("laboratory")
    HEALTH_CENTRE = "health_centre", _("primary health centre")
    COMMUNITY = "community", _("village or community committee")
    VILLAGE_TEAM = "village_team", _("village team")
    CHECKPOINT = "checkpoint", _("checkpoint")
    ISOLATION_SITE = "isolation_site", _("isolation site")
    DEPOT = "depot", _("depot")
    COMMAND = "command", _("command centre")


class Capability(models.TextChoices):
    """What a unit can be answerable for; duties name one of these, never a unit or a person."""

    REPORT = "report", _("report cases")
    REVIEW = "review", _("review reports")
    INVESTIGATE = "investigate", _("investigate cases")
    TRACE = "trace", _("list and notify contacts")
    OBSERVE = "observe", _("observe people day by day")
    SCREEN = "screen", _("screen people with signs")
    SAMPLE = "sample", _("take samples")
    TEST = "test", _("test samples")
    ADMIT = "admit", _("admit patients")
    PLACE = "place", _("find beds")
    SUPPLY = "supply", _("bring supplies")
    ASSESS = "assess", _("judge findings")
    SUPERVISE = "supervise", _("supervise and verify")
    RECORDS = "records", _("keep the register in order")


# The level at which each capability must have a unit of its own; where it has none, its parent is owed the appointment.
EXPECTED_LEVEL: dict[str, int] = {
    Capability.REPORT: Level.COUNTY,
    Capability.REVIEW: Level.COUNTY,
    Capability.INVESTIGATE: Level.COUNTY,
    Capability.TRACE: Level.COUNTY,
    Capability.OBSERVE: Level.TOWNSHIP,
    Capability.SCREEN: Level.TOWNSHIP,
    Capability.SAMPLE: Level.COUNTY,
    Capability.TEST: Level.PREFECTURE,
    Capability.ADMIT: Level.COUNTY,
    Capability.PLACE: Level.PREFECTURE,
    Capability.SUPPLY: Level.COUNTY,
    Capability.ASSESS: Level.COUNTY,
    Capability.SUPERVISE: Level.COUNTY,
    Capability.RECORDS: Level.COUNTY,
}


class Unit(models.Model):
    """An organisation that can be answerable for duties."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=160)
    name_en = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=24, choices=UnitKind)
    place = models.ForeignKey(Place, models.PROTECT, related_name="units")
    path = PathField(db_index=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    email = models.EmailField(blank=True)
    webhook = models.URLField(blank=True)
    # Hands: how many duties of one day the unit can do; null where nobody has said.
    daily_capacity = models.PositiveIntegerField(null=True, blank=True)
    closed_at = MomentField(null=True, blank=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["path", "name"]

    def __str__(self) -> str:
        return self.name


class UnitCapability(models.Model):
    """A unit can answer for one kind of work."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="capabilities")
    capability = models.CharField(max_length=16, choices=Capability)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "capability"], name="unit_capability_once")]

    def __str__(self) -> str:
        return f"{self.unit}: {self.get_capability_display()}"


class Jurisdiction(models.Model):
    """Who answers for one kind of work in one place: derived from units and places, never edited by hand.

    Where the place has no unit of its own the nearest ancestor's unit answers. `gap_since` is set where that is
    above the expected level, and `filled_at` when a unit was appointed.
    """

    place = models.ForeignKey(Place, models.CASCADE, related_name="+")
    capability = models.CharField(max_length=16, choices=Capability)
    unit = models.ForeignKey(Unit, models.CASCADE, null=True, related_name="jurisdictions")
    path = PathField(db_index=True)
    gap_since = MomentField(null=True, blank=True)
    filled_at = MomentField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "capability"], name="jurisdiction_once")]
        indexes = [
            models.Index(
                fields=["gap_since"], condition=Q(gap_since__isnull=False), name="jurisdiction_gaps"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_capability_display()} @ {self.path}"


class Sex(models.TextChoices):
    """Sex as recorded; WHO case report wording."""

    FEMALE = "female", _("female")
    MALE = "male", _("male")
    OTHER = "other", _("other")
    UNKNOWN = "unknown", _("unknown")


class Person(models.Model):
    """What work needs to know of a person. Name, numbers, phone and address are apart, in `Identity`."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sex = models.CharField(max_length=8, choices=Sex, default=Sex.UNKNOWN)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    occupation = models.CharField(max_length=60, blank=True)
    place = models.ForeignKey(Place, models.PROTECT, null=True, blank=True, related_name="residents")
    path = PathField(db_index=True, blank=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_from")
    recorded_at = MomentField()

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="person_not_merged_into_itself",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """A short name for lists that reveals nobody: `P-4F2A81`."""
        return f"P-{self.uid.hex[:6].upper()}"

    def age_on(self, year: int) -> int | None:
        """Return the age in completed years, give or take one, as only the birth year is kept here."""
        return None if self.birth_year is None else year - self.birth_year


class IdentityKind(models.TextChoices):
    """What an identity says."""

    NAME = "name", _("name")
    NATIONAL_ID = "national_id", _("national identity number")
    PASSPORT = "passport", _("passport")
    PHONE = "phone", _("telephone")
    ADDRESS = "address", _("address")
    BIRTH_DATE = "birth_date", _("date of birth")
    EMAIL = "email", _("e-mail")
    GUARDIAN = "guardian", _("guardian")
    EXTERNAL = "external", _("number in another system")


class Identity(models.Model):
    """One sealed particular of a person, readable only through `reveal` with a purpose."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=12, choices=IdentityKind)
    sealed = models.BinaryField()
    recorded_at = MomentField()
    retracted_at = MomentField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "identities"
        indexes = [models.Index(fields=["person", "kind"], name="identity_of_person")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.person_id}"


class IdentityKey(models.Model):
    """A keyed hash by which a person can be found: of a number, or of a name's spelling or sound with something of the birth."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    form = models.CharField(max_length=16)  # name, pinyin, pinyin_year, phone, national_id, ...
    digest = models.BinaryField(max_length=16)

    class Meta:
        indexes = [models.Index(fields=["digest", "person"], name="identity_key_lookup")]

    def __str__(self) -> str:
        return f"{self.form} of {self.person_id}"


class Household(models.Model):
    """People who live together."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    place = models.ForeignKey(Place, models.PROTECT, related_name="households")
    path = PathField(db_index=True)
    recorded_at = MomentField()

    objects = HouseholdQuerySet.as_manager()

    def __str__(self) -> str:
        return f"H-{self.uid.hex[:6].upper()}"


class Membership(models.Model):
    """A person belongs to a household from one day to another."""

    household = models.ForeignKey(Household, models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=30, blank=True)
    from_on = models.DateField()
    to_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(to_on__gte=F("from_on")),
                name="membership_ends_after_start",
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(to_on__isnull=True), name="one_household_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.household_id}"


class MatchDecision(models.TextChoices):
    """What a person decided about two records that look alike."""

    OPEN = "open", _("undecided")
    SAME = "same", _("same person")
    DISTINCT = "distinct", _("distinct persons")


class MatchReview(models.Model):
    """Two records that may be one person, with the score and what it rests on; "distinct" is remembered."""

    first = models.ForeignKey(Person, models.CASCADE, related_name="+")
    second = models.ForeignKey(Person, models.CASCADE, related_name="+")
    path = PathField(db_index=True)
    place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="+")
    score = models.FloatField()  # posterior probability that both are one person
    evidence = (
        models.JSONField()
    )  # comparison by comparison: what was compared, the agreement, its weight in bits
    found_at = MomentField()
    decision = models.CharField(max_length=10, choices=MatchDecision, default=MatchDecision.OPEN)
    decided_at = MomentField(null=True, blank=True)
    decided_by = models.ForeignKey("access.User", models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True)

    objects = MatchReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="match_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="match_pair_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} ~ {self.second_id}: {self.decision}"


class Merge(models.Model):
    """The act of making two records one, with all that was moved, so that it can be undone."""

    kept = models.ForeignKey(Person, models.CASCADE, related_name="+")
    merged = models.ForeignKey(Person, models.CASCADE, related_name="+")
    moved = models.JSONField()  # the steps of the merge in order, see `merging`
    reason = models.TextField()
    at = MomentField()
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    undone_at = MomentField(null=True, blank=True)
    undone_by = models.ForeignKey("access.User", models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.kept_id}"


class Day(models.Model):
    """One calendar day of the site with its first and last moment, so that SQL can count days in the site's zone."""

    on = models.DateField(primary_key=True)
    starts_at = MomentField(unique=True)
    ends_at = MomentField()

    def __str__(self) -> str:
        return str(self.on)


class ExternalNumber(models.Model):
    """The number of a record in another system, so that the same record arriving again is recognised."""

    system = models.CharField(max_length=60)
    number = models.CharField(max_length=120)
    record = models.CharField(max_length=40)  # model label, "cases.Case"
    record_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "record", "number"], name="external_number_once")
        ]
        indexes = [models.Index(fields=["record", "record_id"], name="external_number_of")]

    def __str__(self) -> str:
        return f"{self.system}:{self.number}"
