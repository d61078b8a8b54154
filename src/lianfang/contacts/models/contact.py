"""Contacts, and what was seen of them on each day of observation."""

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import Fact


class ContactQuerySet(VisibleQuerySet):
    """Contacts are seen where they live and by the area of the case that named them."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "source_path")
    view_permission: ClassVar[Permission] = Permission.CONTACT_VIEW

    def observed_on(self, day: date) -> Self:
        """Keep the rows that owe a visit on the day: one for each person and disease."""
        return self.filter(observe_from_on__lte=day, visit_until_on__gte=day, status=FollowUp.UNDER)

    def seen_on(self, day: date) -> Self:
        """Keep the rows whose person was seen on the day, whichever row the visit was recorded on."""
        visits = Observation.objects.current().filter(
            contact__person_id=OuterRef("person_id"),
            contact__disease=OuterRef("disease"),
            on=day,
            seen__in=(Seen.SEEN_OK, Seen.SEEN_NOT_OK),
        )
        return self.filter(Exists(visits))


class FollowUp(models.TextChoices):
    """Where the observation stands (SORMAS FollowUpStatus, one to one)."""

    UNDER = "follow_up", _("under observation")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")
    LOST = "lost", _("lost to follow-up")
    NONE = "no_follow_up", _("no observation needed")
    BECAME_CASE = "became_case", _("became a case")


class SelfReports(models.TextChoices):
    """As what a person's own report counts, by the edition."""

    NONE = "none", _("nothing")
    READING = "reading", _("a reading")
    VISIT = "visit", _("the visit of the day")


class Contact(models.Model):
    """One person's contact with one case: a person may be a contact of several.

    `place` and `path` are where the person is observed, `source_path` the area of the case. `via` is the contact
    through whom a contact of a contact met the case. What is known of the meetings themselves is in `Exposure`.
    """

    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="contacts")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="contacts", null=True)
    via = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="onward")
    disease = models.CharField(max_length=40)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    source_path = PathField(blank=True)
    relation = models.CharField(max_length=40, blank=True)
    certainty = models.CharField(max_length=10, blank=True)
    is_high_risk = models.BooleanField(default=False)
    named_at = MomentField()  # when the system knew
    notified_at = MomentField(null=True)  # when the person was told and placed under observation
    # ---- derived: written only by `contacts.derive`, from the exposures, the case, the edition and the clock
    first_contact_on = models.DateField(null=True)  # of the exposures that count
    last_contact_on = models.DateField()  # the last unprotected one; the last of all where none counts
    setting = models.CharField(max_length=40, blank=True)
    proximity = models.CharField(max_length=40, blank=True)
    window_from_on = models.DateField(null=True)  # null while the case has no day to count from
    window_edition = models.CharField(max_length=80, blank=True)
    observe_from_on = models.DateField(null=True)
    observe_until_on = models.DateField(null=True)
    edition = models.CharField(max_length=80, blank=True)
    # The last day of which this row owes the visits: a person observed for several cases is visited once a day.
    visit_until_on = models.DateField(null=True)
    n_readings = models.PositiveSmallIntegerField(default=0)  # temperatures that the edition wants each day
    self_reports = models.CharField(max_length=8, choices=SelfReports, default=SelfReports.NONE)
    is_confined = models.BooleanField(default=False)  # whether the edition names places of isolation
    status = models.CharField(max_length=14, choices=FollowUp, default=FollowUp.UNDER)
    status_at = MomentField(null=True)
    case_later = models.ForeignKey("cases.Case", models.SET_NULL, null=True, related_name="as_contact")

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "case", "disease"], condition=Q(via__isnull=True), name="contact_once"
            ),
            models.UniqueConstraint(
                fields=["person", "via"], condition=Q(via__isnull=False), name="contact_of_contact_once"
            ),
            models.CheckConstraint(
                condition=Q(observe_until_on__isnull=True) | Q(observe_until_on__gte=F("last_contact_on")),
                name="observation_not_before_contact",
            ),
        ]
        indexes = [
            models.Index(fields=["path", "-named_at"], name="contact_in_area"),
            models.Index(fields=["source_path", "-named_at"], name="contact_of_source"),
            models.Index(fields=["observe_until_on", "observe_from_on"], name="contact_observed"),
            models.Index(fields=["named_at"], name="contact_named"),  # those of a fortnight in a large area
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
