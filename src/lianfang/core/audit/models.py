"""Audit events and the seals over them. Triggers refuse every UPDATE and DELETE of both tables."""

from django.db import models

from lianfang.common.fields import MomentField, PathField


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

    class Meta:
        indexes = [
            models.Index(fields=["subject", "subject_id"], name="event_of_subject"),
            models.Index(fields=["path", "-id"], name="event_in_area"),
            models.Index(fields=["user", "-id"], name="event_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} {self.subject}#{self.subject_id} by {self.actor}"


class Seal(models.Model):
    """A hash over a run of events and the seal before it: one changed, added or missing row breaks the chain."""

    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField(unique=True)
    n_events = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    at = MomentField()

    def __str__(self) -> str:
        return f"events {self.first_id}..{self.last_id}"
