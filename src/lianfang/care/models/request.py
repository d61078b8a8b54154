"""A bed is asked for, found, and reached: one open request a case, whoever asks, with each step of the way dated."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianfang.care.models.ward import CareLevel, Ward
from lianfang.care.querysets import RequestQuerySet
from lianfang.common.fields import MomentField, PathField


class Direction(models.TextChoices):
    """Which way on the ladder of severity."""

    IN = "in", _("admission")
    UP = "up", _("up, to more care")
    DOWN = "down", _("down, to less care")
    ACROSS = "across", _("across, same care")


class BedRequest(models.Model):
    """Somebody needs a bed of a level since `asked_at`. A second request while one is open joins the first.

    It is open until the patient lies in the bed (`met_at`) or it is withdrawn with a reason.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="bed_requests")
    direction = models.CharField(max_length=6, choices=Direction)
    level = models.SmallIntegerField(choices=CareLevel)
    from_unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)  # where the patient is
    source_path = PathField(db_index=True)  # of the case
    asked_at = MomentField()
    asked_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    ward = models.ForeignKey(Ward, models.PROTECT, null=True, related_name="requests")
    placed_at = MomentField(null=True)  # a person gave a bed
    met_at = MomentField(null=True)
    withdrawn_at = MomentField(null=True)
    withdrawn_because = models.TextField(blank=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(met_at__isnull=True, withdrawn_at__isnull=True),
                name="one_open_bed_request",
            )
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["path", "asked_at"], name="bed_request_in_area")]

    def __str__(self) -> str:
        return f"bed request of case {self.case_id}"


class Journey(models.Model):
    """The way of a placed patient: transport set out, patient handed over, arrived. The request's own steps, each once."""

    class Step(models.TextChoices):
        """A step of the way, in order."""

        SET_OUT = "set_out", _("transport set out")
        TAKEN_OVER = "taken_over", _("patient taken over")
        ARRIVED = "arrived", _("arrived")

    request = models.ForeignKey(BedRequest, models.CASCADE, related_name="journey")
    step = models.CharField(max_length=10, choices=Step)
    at = MomentField()
    recorded_at = MomentField()
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    vehicle = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["request", "step"], name="journey_step_once")
        ]

    def __str__(self) -> str:
        return f"{self.step} of request {self.request_id}"
