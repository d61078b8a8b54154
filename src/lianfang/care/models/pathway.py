"""Where a patient stands on the way from suspicion to release. Derived: written only by `care.derive`."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from lianfang.care.models.ward import CareLevel
from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet


class PathwayQuerySet(VisibleQuerySet):
    """Seen by the area of the case and by that of the facility."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "source_path")
    view_permission: ClassVar[Permission] = Permission.CARE_VIEW


class Stage(models.TextChoices):
    """The links of 筛查甄别—转送救治—康复出院—隔离观察."""

    WAITING = "waiting", _("waits for a bed")
    ON_THE_WAY = "on_the_way", _("on the way")
    TREATED = "treated", _("treated")
    OBSERVED = "observed", _("observed after discharge")
    RELEASED = "released", _("released")
    DIED = "died", _("died")
    EXCLUDED = "excluded", _("not a case")


class Pathway(models.Model):
    """One row a case that was ever diagnosed; every column follows from facts, edition and clock."""

    case = models.OneToOneField("cases.Case", models.CASCADE, related_name="pathway")
    path = PathField(blank=True)  # of the facility; of the case while there is none
    source_path = PathField()
    stage = models.CharField(max_length=10, choices=Stage)
    stage_at = MomentField()
    severity = models.CharField(
        max_length=10, blank=True
    )  # mild, ordinary, severe, critical; empty: not assessed
    severity_edition = models.CharField(max_length=80, blank=True)
    severity_at = MomentField(null=True)
    needs = models.SmallIntegerField(choices=CareLevel, null=True)  # level of bed by severity
    waits_since = MomentField(null=True)
    admitted_at = MomentField(null=True)
    ready_at = MomentField(null=True)  # since when every criterion of discharge has been met
    missing = models.JSONField(default=list)  # codes of the criteria not met
    discharge_edition = models.CharField(max_length=80, blank=True)
    left_at = MomentField(null=True)
    regime = models.CharField(max_length=30, blank=True)
    observe_until_on = models.DateField(null=True)
    positive_again_at = MomentField(null=True)  # the first positive result of a sample taken after leaving

    objects = PathwayQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["path", "stage"], name="pathway_in_area"),
            models.Index(fields=["source_path", "stage"], name="pathway_of_source"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.stage}"


class PathwayChange(models.Model):
    """A stage or a severity changed: from what, to what, by which edition, and why. Append-only."""

    case = models.ForeignKey("cases.Case", models.CASCADE, related_name="pathway_changes")
    what = models.CharField(max_length=10)  # stage, severity
    before = models.CharField(max_length=10, blank=True)
    after = models.CharField(max_length=10, blank=True)
    edition = models.CharField(max_length=80, blank=True)
    at = MomentField()
    because = models.CharField(max_length=40)
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")

    append_only = True

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["case", "id"], name="pathway_change_of_case")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.what}: {self.before} -> {self.after}"
