"""A proposal and its lines, each with its reason and with what a person decided about it."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet


class ProposalQuerySet(VisibleQuerySet):
    """Proposals are seen by those who see beds in their area."""

    view_permission: ClassVar[Permission] = Permission.BED_VIEW


class Proposal(models.Model):
    """One run over those who waited and the beds that were free at `at`, within an area.

    Lines that nobody has decided are planned anew when requests or beds change, for a day; decided ones stay as they are.
    """

    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    at = MomentField()
    replanned_at = MomentField(null=True)  # when the open lines were last changed by the machine
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    version = models.CharField(max_length=20)
    rules = models.JSONField(default=dict)
    n_waiting = models.PositiveIntegerField()
    n_beds = models.PositiveIntegerField()
    n_placed = models.PositiveIntegerField()

    objects = ProposalQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["path", "-at"], name="proposal_in_area")]

    def __str__(self) -> str:
        return f"proposal of {self.at} in {self.path}"


class Decision(models.TextChoices):
    """What a person made of a line."""

    ACCEPTED = "accepted", _("accepted")
    ALTERED = "altered", _("another ward")
    REFUSED = "refused", _("refused")
    OVERTAKEN = "overtaken", _("overtaken: the bed or the request was gone")


class Line(models.Model):
    """One person who waited: the ward proposed, or none, and why; and what was decided, by whom.

    `rank` is the place in the order of precedence when the line was last planned; decided lines keep theirs.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="lines")
    request = models.ForeignKey("care.BedRequest", models.CASCADE, related_name="proposed")
    ward = models.ForeignKey("care.Ward", models.PROTECT, null=True, related_name="+")
    rank = models.PositiveIntegerField()
    km = models.FloatField(null=True)
    levels_up = models.SmallIntegerField(default=0)
    reason = models.CharField(max_length=20)
    others = models.JSONField(default=list)  # ids of the requests that fill the beds in question
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_ward = models.ForeignKey("care.Ward", models.PROTECT, null=True, related_name="+")
    decided_because = models.TextField(blank=True)
    decided_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    decided_at = MomentField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["rank", "pk"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["proposal", "request"], name="proposal_line_once")
        ]

    def __str__(self) -> str:
        return f"line {self.rank} of proposal {self.proposal_id}"
