"""Figures that areas published, the outlines of areas, and the risk grades that persons confirmed."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import Fact, FactQuerySet


class AreaQuerySet(FactQuerySet, VisibleQuerySet):  # type: ignore[override]  # the stubs type as_manager by class
    """What is known of areas is seen by those who may see the figures of the area."""

    view_permission: ClassVar[Permission] = Permission.AREA_VIEW


class Published(Fact):
    """Cumulative counts that an area published for a day, as published; null where it said nothing.

    They stand in where no case of the area is on file: history, neighbours, areas that send figures and no line list.
    """

    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    on = models.DateField()
    confirmed = models.PositiveIntegerField(null=True)
    suspected = models.PositiveIntegerField(null=True)  # existing, not cumulative
    cured = models.PositiveIntegerField(null=True)
    died = models.PositiveIntegerField(null=True)
    source = models.CharField(max_length=200)

    can_lie_ahead = True
    objects = AreaQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name_plural = "published figures"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["disease", "place", "on"],
                condition=Q(superseded_at__isnull=True),
                name="published_once",
            )
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["disease", "path", "on"], name="published_in_area")
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.on}"


class Boundary(models.Model):
    """The outline of a place as GeoJSON geometry, in degrees; from any file whose features carry the place's code."""

    place = models.OneToOneField("registry.Place", models.CASCADE, related_name="boundary")
    path = PathField(db_index=True)
    geometry = models.JSONField()
    source = models.CharField(max_length=200)

    class Meta:
        verbose_name_plural = "boundaries"

    def __str__(self) -> str:
        return f"outline of {self.path}"


class RiskLevel(models.TextChoices):
    """The levels of the county risk grade."""

    LOW = "low", _("low risk")
    MEDIUM = "medium", _("medium risk")
    HIGH = "high", _("high risk")


class Grade(Fact):
    """The risk grade of an area, confirmed by an answerable person: `occurred_at` is since when it is in force.

    The newest one that holds is in force. `data_to` is the last day whose figures it rests on; the evidence has them.
    """

    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    level = models.CharField(max_length=6, choices=RiskLevel)
    data_to = models.DateField()
    edition = models.CharField(max_length=80)
    evidence = models.JSONField(default=dict)
    reason = models.TextField()
    finding = models.ForeignKey("loop.Finding", models.PROTECT, null=True, related_name="+")

    can_lie_ahead = True
    objects = AreaQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["disease", "place"],
                condition=Q(superseded_at__isnull=True),
                name="one_grade_in_force",
            )
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["disease", "path", "occurred_at"], name="grade_in_area")
        ]

    def __str__(self) -> str:
        return f"{self.path}: {self.level}"
