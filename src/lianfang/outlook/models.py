"""Studies and their runs; what a person decided about a source; places where cases were, and what was found there."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import Fact


class OutlookQuerySet(VisibleQuerySet):
    """What is computed about cases is seen by those who may see the cases of the area."""

    view_permission: ClassVar[Permission] = Permission.CASE_VIEW


class Study(models.Model):
    """One computation that is made again whenever its facts change: a method, a disease, an area."""

    method = models.CharField(max_length=20)
    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    due_at = MomentField(null=True)  # when it is to be made again; null: nothing has changed
    latest = models.ForeignKey("outlook.Run", models.SET_NULL, null=True, related_name="+")

    objects = OutlookQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "studies"
        constraints = [models.UniqueConstraint(fields=["method", "disease", "place"], name="study_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="study_due"),
            models.Index(fields=["path", "method"], name="study_in_area"),
        ]

    def __str__(self) -> str:
        return f"{self.method} of {self.disease} in {self.path}"


class RunStatus(models.TextChoices):
    """How a run ended."""

    DONE = "done", _("done")
    TOO_FEW = "too_few", _("too few data")
    NO_MODEL = "no_model", _("no numbers for this disease")


class Run(models.Model):
    """One computation: as of when, with which inputs, version and seed, and its result; rows are never changed.

    `inputs` counts what went in, `digest` is of all of it: equal digests give equal results. The result names cases by
    id only, so that whoever reads it sees of each case what the case itself shows them.
    """

    study = models.ForeignKey(Study, models.PROTECT, related_name="runs")
    path = PathField()
    at = MomentField()  # the facts as they held then
    version = models.CharField(max_length=120)
    seed = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=8, choices=RunStatus)
    inputs = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    result = models.JSONField(default=dict)
    seconds = models.FloatField(default=0)

    append_only = True
    is_thinned = True  # what was superseded is dropped in time (`retention`)
    objects = OutlookQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["study", "-id"], name="run_of_study")]

    def __str__(self) -> str:
        return f"{self.study_id} at {self.at}"


class SourceDecision(models.TextChoices):
    """What an answerable person decided about where a case was infected."""

    CONFIRMED = "confirmed", _("this case infected it")
    REJECTED = "rejected", _("this case did not infect it")
    OUTSIDE = "outside", _("the source lies outside the cases on file")


class SourceRuling(Fact):
    """An answerable person decided on a link of a chain, with a reason; the next run takes it as given."""

    case = models.ForeignKey("cases.Case", models.CASCADE, related_name="source_rulings")
    source = models.ForeignKey("cases.Case", models.CASCADE, null=True, related_name="+")
    decision = models.CharField(max_length=10, choices=SourceDecision)
    reason = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="outside", source__isnull=True)
                | (~Q(decision="outside") & Q(source__isnull=False) & ~Q(source=F("case"))),
                name="source_named_unless_outside",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(superseded_at__isnull=True) & ~Q(decision="rejected"),
                name="one_source_a_case",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.decision} {self.source_id or ''}".strip()


class FocusKind(models.TextChoices):
    """By what the cases of a focus belong together."""

    HOUSEHOLD = "household", _("one household")
    NEIGHBOURHOOD = "neighbourhood", _("one village, community or grid cell")
    VENUE = "venue", _("one unit or place")
    EVENT = "event", _("one event")


class Focus(models.Model):
    """A focus (疫点): a household, neighbourhood, unit or event where cases were, as far as the rules ask for something.

    It stands where its cases make up a cluster by the edition in force, or where it is a special place with a case.
    Every column is derived by `outlook.clusters`; `gone_at` is set when the facts no longer support it.
    """

    disease = models.CharField(max_length=40)
    kind = models.CharField(max_length=16, choices=FocusKind)
    key = models.CharField(max_length=160)
    label = models.CharField(max_length=200, blank=True)
    special = models.CharField(max_length=40, blank=True)  # which special place of the rulebook; "" none
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    is_cluster = models.BooleanField()
    edition = models.CharField(max_length=80, blank=True)
    n_cases = models.PositiveIntegerField()
    first_on = models.DateField()
    last_on = models.DateField()
    identified_at = MomentField()  # when the facts that make it what it is were known
    gone_at = MomentField(null=True)
    cases = models.ManyToManyField("cases.Case", related_name="foci")

    objects = OutlookQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "foci"
        indexes = [
            models.Index(fields=["path", "-last_on"], name="focus_in_area"),
            models.Index(fields=["disease", "kind", "key"], name="focus_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label or self.key}"


class Inspection(Fact):
    """Somebody looked into a focus: who was there, who was ill, what was done about it."""

    focus = models.ForeignKey(Focus, models.CASCADE, related_name="inspections")
    n_present = models.PositiveIntegerField(null=True)
    n_ill = models.PositiveIntegerField(null=True)
    measures = models.TextField()

    def __str__(self) -> str:
        return f"inspection of {self.focus_id}"
