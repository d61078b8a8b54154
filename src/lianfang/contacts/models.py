"""Contacts, and what was seen of them on each day of observation."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import Fact


class ContactQuerySet(VisibleQuerySet):
    """Contacts are seen where they live and by the area of the case that named them."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "source_path")
    view_permission: ClassVar[Permission] = Permission.CONTACT_VIEW


class FollowUp(models.TextChoices):
    """Where the observation stands (SORMAS FollowUpStatus, one to one)."""

    UNDER = "follow_up", _("under observation")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")
    LOST = "lost", _("lost to follow-up")
    NONE = "no_follow_up", _("no observation needed")
    BECAME_CASE = "became_case", _("became a case")


class Contact(models.Model):
    """One person's contact with one case: a person may be a contact of several.

    `place` and `path` are where the person is observed, `source_path` the area of the case.
    """

    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="contacts")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="contacts", null=True)
    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    source_path = PathField(blank=True)
    first_contact_on = models.DateField(null=True)
    last_contact_on = models.DateField()
    setting = models.CharField(max_length=40, blank=True)
    relation = models.CharField(max_length=40, blank=True)
    proximity = models.CharField(max_length=40, blank=True)
    certainty = models.CharField(max_length=10, blank=True)
    is_high_risk = models.BooleanField(default=False)
    named_at = MomentField()  # when the system knew
    notified_at = MomentField(null=True)  # when the person was told and placed under observation
    # ---- derived: written only by `contacts.derive`
    observe_from_on = models.DateField(null=True)
    observe_until_on = models.DateField(null=True)
    edition = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=14, choices=FollowUp, default=FollowUp.UNDER)
    status_at = MomentField(null=True)
    case_later = models.ForeignKey("cases.Case", models.SET_NULL, null=True, related_name="as_contact")

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "case", "disease"], name="contact_once"),
            models.CheckConstraint(
                condition=Q(observe_until_on__isnull=True) | Q(observe_until_on__gte=F("last_contact_on")),
                name="observation_not_before_contact",
            ),
        ]
        indexes = [
            models.Index(fields=["path", "-named_at"], name="contact_in_area"),
            models.Index(fields=["source_path", "-named_at"], name="contact_of_source"),
            models.Index(fields=["observe_until_on", "observe_from_on"], name="contact_observed"),
        ]

    def __str__(self) -> str:
        return f"contact {self.person_id} of case {self.case_id}"


class Seen(models.TextChoices):
    """The result of a day's visit (Go.Data follow-up status, one to one)."""

    SEEN_OK = "seen_ok", _("seen, well")
    SEEN_NOT_OK = "seen_not_ok", _("seen, with signs")
    MISSED = "missed", _("not found")
    NOT_ATTEMPTED = "not_attempted", _("not attempted")
    NOT_PERFORMED = "not_performed", _("not performed")


class Observation(Fact):
    """What was seen of a contact on a day: `occurred_at` is the moment of the visit."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="observations")
    on = models.DateField()
    seen = models.CharField(max_length=14, choices=Seen)
    temperature = models.FloatField(null=True)
    signs = models.JSONField(default=list)
    by_self = models.BooleanField(default=False)
    key = models.CharField(max_length=120, blank=True)  # the sender's id, where it came from another system

    class Meta:
        indexes = [models.Index(fields=["contact", "on"], name="observation_of_day")]

    def __str__(self) -> str:
        return f"{self.seen} on {self.on}"


class Closing(Fact):
    """A person decided that an observation ends early, or is not needed, with a reason."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="closings")
    status = models.CharField(max_length=14, choices=FollowUp)
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.status} of {self.contact_id}"
