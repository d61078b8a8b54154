"""Sources, batches, signals as they arrived, remembered mappings."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet


class SignalQuerySet(VisibleQuerySet):
    """Signals are seen in the area of the unit that received them."""

    view_permission: ClassVar[Permission] = Permission.SIGNAL_VIEW


class Source(models.Model):
    """Somebody or something that sends signals: a clinic, a laboratory, a gate, a file from another system."""

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    unit = models.ForeignKey(
        "registry.Unit", models.PROTECT, related_name="sources"
    )  # who hears what became of it

    def __str__(self) -> str:
        return self.name


class Mapping(models.Model):
    """Which column is which field, as a person confirmed it; found again by the columns of the next file."""

    name = models.CharField(max_length=120)
    target = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=64, db_index=True)  # of the ordered, normalised column names
    columns = models.JSONField()  # {column: field}
    options = models.JSONField(default=dict)  # date order, codings, defaults
    confirmed_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    confirmed_at = MomentField()

    def __str__(self) -> str:
        return self.name


class Batch(models.Model):
    """One import: a file or a stream's bundle, with its counts, and the way back."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="batches")
    target = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    digest = models.CharField(
        max_length=64, db_index=True
    )  # of the content: the same file again is recognised
    mapping = models.ForeignKey(Mapping, models.PROTECT, null=True, related_name="batches")
    n_rows = models.PositiveIntegerField(default=0)
    received_at = MomentField()
    finished_at = MomentField(null=True)
    undone_at = MomentField(null=True)
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    path = PathField(db_index=True)
    report = models.JSONField(default=dict)  # counts, cleaning changes, findings by column

    objects = SignalQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return self.name


class SignalStatus(models.TextChoices):
    """What became of a signal at the door."""

    RECEIVED = (
        "received",
        _("received"),
    )  # kept, not yet applied: a crash leaves it here and the next run takes it up
    ACCEPTED = "accepted", _("accepted")
    PARKED = "parked", _("parked")
    REPLACED = "replaced", _("replaced by a repaired row")
    SET_ASIDE = "set_aside", _("set aside with a reason")
    UNDONE = "undone", _("undone")


class Signal(models.Model):
    """What arrived, as it arrived. The content is never edited: a repair is a new signal that replaces this one.

    `content` is sealed like an identity, since a raw row holds names and numbers.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="signals")
    key = models.CharField(max_length=120)  # the sender's own id, or a digest of the row: the idempotency key
    target = models.CharField(max_length=40)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="signals")
    row = models.PositiveIntegerField(null=True)
    sealed_content = models.BinaryField()
    received_at = MomentField()
    occurred_at = MomentField(null=True)
    status = models.CharField(max_length=9, choices=SignalStatus)
    problems = models.JSONField(default=list)  # [{column, value, rule, hint}, ...] for parked signals
    # A parked signal is a duty from then until somebody settles it: repaired, replayed, set aside or undone.
    parked_at = MomentField(null=True)
    settled_at = MomentField(null=True)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")
    place = models.ForeignKey("registry.Place", models.PROTECT, null=True, related_name="+")
    path = PathField()

    objects = SignalQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "target", "key"], name="signal_once")]
        indexes = [
            models.Index(fields=["path", "-id"], name="signal_in_area"),
            models.Index(fields=["received_at"], condition=Q(status="parked"), name="signal_parked"),
            models.Index(fields=["received_at"], condition=Q(status="received"), name="signal_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.key}"


class Trace(models.Model):
    """Which record came of which signal: the first link of the chain signal - finding - judgement - task - feedback."""

    signal = models.ForeignKey(Signal, models.CASCADE, related_name="traces")
    record = models.CharField(max_length=40)  # model label
    record_id = models.BigIntegerField()
    created = models.BooleanField()  # False where the record existed and was only added to

    class Meta:
        constraints = [models.UniqueConstraint(fields=["signal", "record", "record_id"], name="trace_once")]
        indexes = [models.Index(fields=["record", "record_id"], name="trace_of_record")]

    def __str__(self) -> str:
        return f"{self.signal_id} -> {self.record}#{self.record_id}"
