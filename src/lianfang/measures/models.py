"""Measures with their work and reviews, response levels, plans with steps and stocks, activations and drills."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.facts import Fact
from lianfang.core.registry.models import Capability, Level
from lianfang.measures.querysets import MeasureFactQuerySet, MeasureQuerySet


class ResponseLevel(models.TextChoices):
    """The levels of response, the highest first."""

    I = "I", _("level I")  # noqa: E741 - its name in the texts
    II = "II", _("level II")
    III = "III", _("level III")
    IV = "IV", _("level IV")


class Plan(models.Model):
    """A response plan, prepared in peace: for which situation, who owns it, its measures, steps and stocks.

    A plan that was approved is not edited: a revision is a plan of its own, which replaces it when it is approved.
    """

    class Status(models.TextChoices):
        """How far a plan is."""

        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        RETIRED = "retired", _("retired")

    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    disease = models.CharField(max_length=40)
    title = models.CharField(max_length=120)
    situation = models.TextField()
    owner = models.ForeignKey("registry.Unit", models.PROTECT, related_name="plans")
    level = models.CharField(max_length=3, choices=ResponseLevel, blank=True)
    measures = models.JSONField(default=list)  # ids of the catalogue
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    version = models.PositiveSmallIntegerField(default=1)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="revisions")
    editions = models.JSONField(default=list)  # of the rulebook when it was approved
    written_at = MomentField()
    written_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    approved_at = MomentField(null=True)
    approved_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")

    objects = MeasureQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.title} ({self.version})"


class PlanStep(models.Model):
    """One step of a plan: what is done in each place of a level, by which unit, and within which time."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="steps")
    n = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=200)
    level = models.PositiveSmallIntegerField(choices=Level)
    capability = models.CharField(max_length=16, choices=Capability)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, blank=True, related_name="+")
    within_hours = models.PositiveSmallIntegerField(default=0)  # once; 0: again every so many days
    every_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["plan", "n"], name="plan_step_once"),
            models.CheckConstraint(
                condition=Q(within_hours=0, every_days__gt=0) | Q(within_hours__gt=0, every_days=0),
                name="plan_step_once_or_again",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}.{self.n}"


class PlanStock(models.Model):
    """What has to lie ready for a plan, where, how much of it, and how much was there when it was last counted."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="stocks")
    item = models.CharField(max_length=120)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="+")
    needed = models.PositiveIntegerField()
    held = models.PositiveIntegerField(null=True)
    counted_on = models.DateField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["plan", "item", "unit"], name="plan_stock_once")
        ]

    def __str__(self) -> str:
        return f"{self.item} of plan {self.plan_id}"


class Activation(models.Model):
    """A named person switched a plan on in an area, and another or the same one switched it off."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="activations")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    from_at = MomentField()
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    reason = models.TextField()
    until_at = MomentField(null=True)
    ended_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    ended_because = models.TextField(blank=True)

    objects = MeasureQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["plan", "place"], condition=Q(until_at__isnull=True), name="plan_on_once"
            )
        ]

    def __str__(self) -> str:
        return f"plan {self.plan_id} in {self.path}"


class Measure(Fact):
    """A measure in force in an area from `occurred_at` until `until_at`: why, by whom, by which edition."""

    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    kind = models.CharField(max_length=60)  # id in the catalogue
    text = models.JSONField()  # as the edition said when it was decided
    edition = models.CharField(max_length=80)
    restricts = models.BooleanField()
    reason = models.TextField()
    review_on = models.DateField()  # the day on which it is looked at again
    grade = models.ForeignKey("regions.Grade", models.PROTECT, null=True, related_name="+")
    activation = models.ForeignKey(Activation, models.PROTECT, null=True, related_name="measures")
    until_at = MomentField(null=True)
    ended_because = models.TextField(blank=True)
    ended_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    # The newest place of the register that its work was laid out over.
    laid_to = models.BigIntegerField(default=0)

    can_lie_ahead = True  # it is decided before it begins
    objects = MeasureFactQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["disease", "place", "kind"],
                condition=Q(superseded_at__isnull=True, until_at__isnull=True),
                name="measure_once",
            ),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gte=F("occurred_at")),
                name="measure_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.path}"


class Response(Fact):
    """The response level of an area since `occurred_at`."""

    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    level = models.CharField(max_length=3, choices=ResponseLevel)
    edition = models.CharField(max_length=80)
    reason = models.TextField()
    activation = models.ForeignKey(Activation, models.PROTECT, null=True, related_name="responses")
    until_at = MomentField(null=True)

    objects = MeasureFactQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["disease", "place"],
                condition=Q(superseded_at__isnull=True, until_at__isnull=True),
                name="one_response_level",
            )
        ]

    def __str__(self) -> str:
        return f"level {self.level} in {self.path}"


class Review(models.Model):
    """One look that is owed: at a measure on its review date, at a plan, or a drill of it. Met when it was done."""

    class Kind(models.TextChoices):
        """What is looked at."""

        MEASURE = "measure", _("measure")
        PLAN = "plan", _("response plan")
        DRILL = "drill", _("drill")

    kind = models.CharField(max_length=7, choices=Kind)
    measure = models.ForeignKey(Measure, models.CASCADE, null=True, related_name="reviews")
    plan = models.ForeignKey(Plan, models.CASCADE, null=True, related_name="reviews")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    since_at = MomentField()
    due_at = MomentField()
    done_at = MomentField(null=True)
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    result = models.CharField(max_length=8, blank=True)  # kept, ended, revised, drilled
    reason = models.TextField(blank=True)

    objects = MeasureQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} due {self.due_at}"


class Work(models.Model):
    """One piece of work in one place that a measure or a switched-on plan asks for.

    Once within `within_hours` of `from_at`, or in every stretch of `every_days` days from `from_on` on.
    """

    measure = models.ForeignKey(Measure, models.CASCADE, null=True, related_name="works")
    activation = models.ForeignKey(Activation, models.CASCADE, null=True, related_name="works")
    step = models.ForeignKey(PlanStep, models.PROTECT, null=True, related_name="works")
    code = models.CharField(max_length=60)
    text = models.JSONField()
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    capability = models.CharField(max_length=16)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    from_at = MomentField()
    from_on = models.DateField()
    within_hours = models.PositiveSmallIntegerField(default=0)
    every_days = models.PositiveSmallIntegerField(default=0)
    until_at = MomentField(null=True)
    until_on = models.DateField(null=True)

    objects = MeasureQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "work"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["place", "code"], name="work_of_place")]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["measure", "code", "place"],
                condition=Q(measure__isnull=False),
                name="work_of_measure_once",
            ),
            models.UniqueConstraint(
                fields=["activation", "step", "place"],
                condition=Q(step__isnull=False),
                name="work_of_plan_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} in {self.path}"


class WorkReport(Fact):
    """A unit says that a piece of work was done: how many were seen or served, what was found."""

    work = models.ForeignKey(Work, models.PROTECT, related_name="reports")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    n_done = models.PositiveIntegerField(null=True)
    n_found = models.PositiveIntegerField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["work", "occurred_at"], name="report_of_work")]

    def __str__(self) -> str:
        return f"report of work {self.work_id}"


class Drill(models.Model):
    """A plan gone through on invented data: what would have been owed by whom, and how long each step took."""

    class Status(models.TextChoices):
        """How far a drill is."""

        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="drills")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    asked_at = MomentField()
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    seed = models.PositiveIntegerField()
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    done_at = MomentField(null=True)
    version = models.CharField(max_length=120, blank=True)
    result = models.JSONField(default=dict)

    objects = MeasureQuerySet.as_manager()

    def __str__(self) -> str:
        return f"drill of plan {self.plan_id}"


class Scenario(models.Model):
    """A question "what if" about an area, computed on its own records: inputs, version, seed and result are kept."""

    class Status(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        NOT_POSSIBLE = "not_possible", _("not possible")

    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    disease = models.CharField(max_length=40)
    choices = models.JSONField()
    seed = models.PositiveIntegerField()
    asked_at = MomentField()
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=12, choices=Status, default=Status.WAITING)
    done_at = MomentField(null=True)
    inputs = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    version = models.CharField(max_length=120, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    seconds = models.FloatField(default=0)

    objects = MeasureQuerySet.as_manager()

    def __str__(self) -> str:
        return f"scenario {self.pk} of {self.path}"
