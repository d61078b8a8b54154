"""Exposures: when, where, how near and how protected a person was with a case, or with a contact of one."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.contacts.models.contact import Contact
from lianfang.core.facts import Fact


class Protection(models.TextChoices):
    """How the person was protected; only full protection keeps a meeting from counting."""

    UNKNOWN = "unknown", _("not known")
    NONE = "none", _("none")
    PARTIAL = "partial", _("partial")
    FULL = "full", _("full")


class Origin(models.TextChoices):
    """How the exposure came to be known."""

    INTERVIEW = "interview", _("interview")
    FILE = "file", _("file or other system")
    VISITS = "visits", _("visits, confirmed by a person")


class Exposure(Fact):
    """One meeting, or a run of meetings, of a contact with the case that named it (or with the contact `via`).

    `from_on` null: only the last day is known. Whether it counts by the edition in force is worked out by `derive`;
    `counts_because` is the reason of a person who decided that it counts whatever the definition says.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="exposures")
    from_on = models.DateField(null=True)
    to_on = models.DateField()
    minutes = models.PositiveIntegerField(null=True)
    place = models.ForeignKey("registry.Place", models.PROTECT, null=True, related_name="+")
    place_text = models.CharField(max_length=200, blank=True)
    setting = models.CharField(max_length=40, blank=True)  # a setting of the contact definition in force
    proximity = models.CharField(max_length=40, blank=True)
    distance_m = models.FloatField(null=True)
    protection = models.CharField(max_length=8, choices=Protection, default=Protection.UNKNOWN)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.INTERVIEW)
    counts_because = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(from_on__isnull=True) | Q(from_on__lte=F("to_on")), name="exposure_in_order"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["contact", "superseded_at"], name="exposure_of_contact")
        ]

    def __str__(self) -> str:
        return f"exposure of {self.contact_id} to {self.to_on}"
