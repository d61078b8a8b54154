"""Pairings, teams, health workers, deployments, shifts and rest, exposures and allowances, consultations."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.facts import Fact
from lianfang.core.intervals import Alone, Rule
from lianfang.teams.querysets import TeamFactQuerySet, TeamQuerySet


class Skill(models.TextChoices):
    """What a health worker is there for; the intensive ones can also do the ordinary work of their profession."""

    DOCTOR = "doctor", _("doctor")
    INTENSIVE_DOCTOR = "intensive_doctor", _("doctor, intensive care")
    NURSE = "nurse", _("nurse")
    INTENSIVE_NURSE = "intensive_nurse", _("nurse, intensive care")
    INFECTION_CONTROL = "infection_control", _("infection control")


class Pairing(models.Model):
    """A province helps a place from a day until the day on which a new round ends the old (对口支援)."""

    helper = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    helped = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()  # of the helped
    source_path = PathField()  # of the helper
    from_on = models.DateField()
    until_on = models.DateField(null=True)  # the first day on which it no longer holds
    edition = models.CharField(max_length=80, blank=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["helper", "helped"], condition=Q(until_on__isnull=True), name="pairing_once"
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gt=F("from_on")), name="pairing_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.helper_id} helps {self.helped_id}"


class Team(models.Model):
    """People who travel and work together; `path` is where they work, or their home while they are not deployed."""

    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    home = models.ForeignKey("registry.Unit", models.PROTECT, related_name="teams")
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["home", "name"], name="team_once")
        ]

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A health worker of a team, known here by a code; name and telephone stay with the person, sealed."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="workers")
    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="health_workers")
    code = models.CharField(max_length=30, unique=True)
    skill = models.CharField(max_length=20, choices=Skill)
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = TeamQuerySet.as_manager()

    def __str__(self) -> str:
        return self.code


class Deployment(Fact):
    """A team works at a facility from `occurred_at` until `until_at`; `relief_at` is when the rules end it."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="deployments")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="deployments")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)
    until_at = MomentField(null=True)
    relief_at = MomentField()
    edition = models.CharField(max_length=80, blank=True)  # by which rule

    intervals: ClassVar[tuple[Rule, ...]] = (Alone("team_at_one_place", "team"),)
    can_lie_ahead = True
    objects = TeamFactQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"team {self.team_id} at {self.unit_id}"


class Shift(Fact):
    """A health worker works at a facility from `occurred_at` until `until_at`."""

    worker = models.ForeignKey(Worker, models.PROTECT, related_name="shifts")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="+")
    roster = models.ForeignKey("teams.Roster", models.SET_NULL, null=True, related_name="shifts")
    on = models.DateField()
    until_at = MomentField(null=True)
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    intervals: ClassVar[tuple[Rule, ...]] = (Alone("one_shift_at_a_time", "worker"),)
    can_lie_ahead = True
    objects = TeamFactQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["worker", "on"], name="shift_of_day")]

    def __str__(self) -> str:
        return f"shift of worker {self.worker_id} on {self.on}"


class RestDue(models.Model):
    """So many days off are owed to a worker within the days from `opens_at` to `due_at`, by the edition at deployment."""

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="rest_due")
    worker = models.ForeignKey(Worker, models.CASCADE, related_name="rest_due")
    n = models.PositiveSmallIntegerField()  # which stretch of the deployment
    days = models.PositiveSmallIntegerField()
    opens_at = MomentField()
    due_at = MomentField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["deployment", "worker", "n"], name="rest_due_once")
        ]

    def __str__(self) -> str:
        return f"rest {self.n} of worker {self.worker_id}"


class DayOff(Fact):
    """A worker had a whole day off."""

    worker = models.ForeignKey(Worker, models.PROTECT, related_name="days_off")
    on = models.DateField()
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    can_lie_ahead = True
    objects = TeamFactQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["worker", "on"], condition=Q(superseded_at__isnull=True), name="day_off_once"
            )
        ]

    def __str__(self) -> str:
        return f"day off of worker {self.worker_id} on {self.on}"


class Hazard(models.TextChoices):
    """How a health worker was exposed at work."""

    NO_PROTECTION = "no_protection", _("protection missing or torn")
    NEEDLE = "needle", _("needle or blade")
    SPLASH = "splash", _("splash on skin or eyes")
    UNKNOWN = "unknown", _("not known")


class Exposure(Fact):
    """A health worker was exposed, or fell ill; it is assessed, and what was found is kept."""

    worker = models.ForeignKey(Worker, models.PROTECT, related_name="exposures")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    hazard = models.CharField(max_length=14, choices=Hazard)
    note = models.TextField(blank=True)
    assessed_at = MomentField(null=True)
    is_infected = models.BooleanField(null=True)  # null: not known yet
    measures = models.TextField(blank=True)
    back_at = MomentField(null=True)  # since when the infected worker works again
    back_because = models.TextField(blank=True)
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    objects = TeamFactQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"exposure of worker {self.worker_id}"


class Rate(models.TextChoices):
    """By which of the two rates of the rule an allowance is paid."""

    DIRECT = "direct", _("at the patient")
    OTHER = "other", _("other work")


class Allowance(Fact):
    """An allowance was paid to a worker for days at the front, of which the shifts on file are the proof.

    `occurred_at` to `until_at` are the same days as moments, so that the database refuses to pay a day twice.
    """

    worker = models.ForeignKey(Worker, models.PROTECT, related_name="allowances")
    from_on = models.DateField()
    until_on = models.DateField()  # the last day
    until_at = MomentField(null=True)
    days = models.PositiveSmallIntegerField()  # with a shift on file
    rate = models.CharField(max_length=6, choices=Rate, default=Rate.DIRECT)
    by_rule = models.DecimalField(max_digits=12, decimal_places=2, null=True)  # null: no rule held
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    edition = models.CharField(max_length=80, blank=True)
    reason = models.TextField(blank=True)  # why another amount than the rule's
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)

    intervals: ClassVar[tuple[Rule, ...]] = (Alone("day_paid_once", "worker"),)
    objects = TeamFactQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"allowance of worker {self.worker_id}"


class Consultation(models.Model):
    """A weak area asks for advice, from afar or by a round of experts: asked, scheduled, answered."""

    class Form(models.TextChoices):
        """How the advice comes."""

        REMOTE = "remote", _("remote consultation")
        ROUND = "round", _("expert round")

    form = models.CharField(max_length=6, choices=Form)
    from_unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="+")
    to_unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", models.PROTECT, null=True, related_name="consultations")
    question = models.TextField()
    path = PathField(db_index=True)  # of who asks
    source_path = PathField(db_index=True)  # of who answers
    asked_at = MomentField()
    asked_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    scheduled_for = MomentField(null=True)
    answered_at = MomentField(null=True)
    answered_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    answer = models.TextField(blank=True)

    objects = TeamQuerySet.as_manager()

    def __str__(self) -> str:
        return f"consultation {self.pk}"


class Roster(models.Model):
    """A proposal of shifts for a team at a facility, by the optimiser; a person accepts or refuses it as a whole."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="rosters")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)
    from_on = models.DateField()
    days = models.PositiveSmallIntegerField()
    at = MomentField()
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    rules = models.JSONField(default=dict)
    plan = models.JSONField(default=list)  # [{worker, day, shift}]
    missing = models.JSONField(default=list)  # [{day, shift, profession, n, why}]
    is_optimal = models.BooleanField(default=True)
    decision = models.CharField(max_length=10, blank=True)  # accepted, refused
    decided_because = models.TextField(blank=True)
    decided_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    decided_at = MomentField(null=True)

    objects = TeamQuerySet.as_manager()

    def __str__(self) -> str:
        return f"roster of team {self.team_id} from {self.from_on}"
