"""Bulletins: what was known of an area at the end of a day, as it was told."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from lianfang.bulletins.querysets import BulletinQuerySet
from lianfang.common.fields import MomentField, PathField


class Bulletin(models.Model):
    """The bulletin of an area, a disease and a day: a draft of the machine until a person issues it.

    `figures` is what was known at `known_at`, of areas none of which has few residents (`joining`). Once it is issued
    nothing of these changes; a correction is a bulletin of its own, which says what it corrects and why.
    """

    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    on = models.DateField()
    version = models.PositiveSmallIntegerField(default=1)
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    drawn_up_at = MomentField()
    drawn_up_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    known_at = MomentField()
    figures = models.JSONField()
    edition = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    remark = models.TextField(blank=True)
    issued_at = MomentField(null=True)
    issued_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    superseded_at = MomentField(null=True)

    objects = BulletinQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["disease", "place", "on"],
                condition=Q(issued_at__isnull=True),
                name="one_draft_of_a_bulletin",
            ),
            models.UniqueConstraint(
                fields=["disease", "place", "on"],
                condition=Q(issued_at__isnull=False, superseded_at__isnull=True),
                name="one_bulletin_in_force",
            ),
            models.UniqueConstraint(
                fields=["disease", "place", "on", "version"], name="bulletin_version_once"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["path", "on"], name="bulletin_in_area"),
            models.Index(fields=["disease", "place", "on"], name="bulletin_of_place"),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.on} ({self.version})"

    @property
    def is_issued(self) -> bool:
        """Whether a person has issued it."""
        return self.issued_at is not None

    @property
    def is_told(self) -> bool:
        """Whether its figures are of joined areas; earlier ones counted each small area and are not told any more."""
        return "counted" in self.figures

    @property
    def holds(self) -> bool:
        """Whether it was issued and no later one corrects it."""
        return self.issued_at is not None and self.superseded_at is None
