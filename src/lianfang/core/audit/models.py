"""Audit events and the seals over them. Triggers refuse every UPDATE and DELETE of both tables."""

from typing import ClassVar

from django.db import models

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet


class EventQuerySet(VisibleQuerySet):
    """Events are seen by those who may view the record of their area."""

    view_permission: ClassVar[Permission] = Permission.AUDIT_VIEW


class Event(models.Model):
    """Somebody did something to something at a moment, and why."""

    at = MomentField()
    actor = models.CharField(max_length=120)
    user = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, related_name="+")
    tag = models.CharField(max_length=60)
    subject = models.CharField(max_length=40, blank=True)  # model label, "cases.Case"
    subject_id = models.BigIntegerField(null=True)
    path = PathField(blank=True)
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    act = models.CharField(max_length=32, blank=True)  # one id for all events of one act

    append_only = True
    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject", "subject_id"], name="event_of_subject"),
            models.Index(fields=["path", "-id"], name="event_in_area"),
            models.Index(fields=["user", "-id"], name="event_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} {self.subject}#{self.subject_id} by {self.actor}"


class Seal(models.Model):
    """A hash over a run of events and the seal before it: one changed, added or missing row breaks the chain.

    `first_id` follows the `last_id` of the seal before without a gap. `leaves` holds 24 bytes per event, its id and the
    first half of its hash, so that a break is told to the very row.
    """

    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField(unique=True)
    n_events = models.PositiveIntegerField()
    leaves = models.BinaryField(default=b"")
    digest = models.CharField(max_length=64)
    at = MomentField()

    append_only = True

    def __str__(self) -> str:
        return f"events {self.first_id}..{self.last_id}"
