"""Tasks and what happens to them; findings and judgements; messages that leave the house."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.loop.querysets import FindingQuerySet, TaskQuerySet


class Status(models.TextChoices):
    """The stored states of a task; overdue is computed from the clock."""

    OPEN = "open", _("open")
    DONE = "done", _("done")
    VOID = "void", _("no longer owed")


class Word(models.TextChoices):
    """What happened to a task, as a sentence: "the task was ..."."""

    OPENED = "opened", _("opened")
    CHANGED = "changed", _("changed")
    MET = "met", _("met")
    REOPENED = "reopened", _("reopened")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Pass(models.Model):
    """One run of one duty: what it looked at and what it changed."""

    duty = models.CharField(max_length=60)
    full = models.BooleanField()
    at = MomentField()
    opened = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    met = models.PositiveIntegerField(default=0)
    reopened = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    failure = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "passes"
        indexes = [
            models.Index(fields=["duty", "-id"], name="pass_of_duty"),
            models.Index(fields=["at"], condition=~Q(failure=""), name="pass_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.duty} at {self.at}"


class Task(models.Model):
    """One thing owed by one unit by one moment. Written only by the engine; everything else is evidence."""

    duty = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    occasion = models.CharField(
        max_length=40, blank=True
    )  # "" once; "2020-02-12" each day; "2020-02-12 am" ...
    # Without a database constraint: the engine copies the unit from the registry and units are closed, never deleted,
    # while the check of each row would take a third of a pass over a million subjects.
    unit = models.ForeignKey(
        "registry.Unit", models.PROTECT, related_name="tasks", db_constraint=False, db_index=False
    )
    path = PathField()  # the area of the subject: who lives there may see it
    since_at = MomentField()  # the event that started the clock
    due_at = MomentField()
    met_at = MomentField(null=True)  # when the evidence says it was done, in the world
    risk = models.SmallIntegerField(default=0)  # for ranking when hands are short; higher is more urgent
    status = models.CharField(max_length=4, choices=Status)
    opened_at = MomentField()  # when the system first knew it was owed
    closed_at = MomentField(null=True)  # when the system knew it was done or no longer owed
    void_because = models.CharField(max_length=200, blank=True)
    # Evidence up to this moment was rejected by a verification and does not count.
    rejected_at = MomentField(null=True)
    shed_by = models.ForeignKey(
        "loop.SheddingPolicy", models.PROTECT, null=True, related_name="tasks", db_index=False
    )
    rung = models.PositiveSmallIntegerField(
        default=0
    )  # of the ladder, for the present deadline; 0: nobody told

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["duty", "subject_id", "occasion"], name="task_once"),
        ]
        indexes = [
            models.Index(fields=["unit", "due_at"], condition=Q(status="open"), name="task_open_of_unit"),
            models.Index(fields=["path", "due_at"], condition=Q(status="open"), name="task_open_in_area"),
            models.Index(fields=["rung", "due_at"], condition=Q(status="open"), name="task_open_on_rung"),
            models.Index(fields=["duty", "path"], name="task_duty_in_area"),
            models.Index(fields=["shed_by"], condition=Q(shed_by__isnull=False), name="task_shed"),
        ]

    def __str__(self) -> str:
        return f"{self.duty} #{self.subject_id} {self.occasion}".strip()


class Transition(models.Model):
    """What happened to a task and when: enough to say what was owed at any hour. Append-only."""

    task = models.ForeignKey(
        Task, models.CASCADE, related_name="transitions", db_constraint=False, db_index=False
    )
    word = models.CharField(max_length=10, choices=Word)
    at = MomentField()
    unit = models.ForeignKey(
        "registry.Unit", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    due_at = MomentField()
    met_at = MomentField(null=True)
    in_pass = models.ForeignKey(Pass, models.PROTECT, related_name="+", db_constraint=False, db_index=False)

    append_only = True

    class Meta:
        indexes = [models.Index(fields=["task", "id"], name="transition_of_task")]

    def __str__(self) -> str:
        return f"{self.task_id} {self.word}"


class Touched(models.Model):
    """A row whose facts changed: the queue between writers and the loop.

    Rows are only added, and the same subject may stand here twice: a unique key would make every writer of a subject
    wait for the writer before it to commit, and two writers of the same two subjects for each other.
    """

    subject = models.CharField(max_length=40)  # model label
    subject_id = models.BigIntegerField()
    at = MomentField()

    class Meta:
        verbose_name_plural = "touched"

    def __str__(self) -> str:
        return f"{self.subject}#{self.subject_id}"


class Completion(models.Model):
    """Somebody says a task was done: evidence only where the duty says so, and then open to verification."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="completions")
    done_at = MomentField()
    recorded_at = MomentField()
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    withdrawn_at = MomentField(null=True)

    def __str__(self) -> str:
        return f"{self.task_id} at {self.done_at}"


class VerificationKind(models.TextChoices):
    """How the doing of a task is proved."""

    DATA = "data", _("by data")
    SECOND_UNIT = "second_unit", _("by a second unit")
    SAMPLE = "sample", _("by sample")


class Verification(models.Model):
    """A done task is checked by data, by a second unit, or because it was drawn; a rejection reopens the clock."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="verifications", db_index=False)
    kind = models.CharField(max_length=12, choices=VerificationKind)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    met_at = MomentField()  # the evidence that is being checked
    drawn_at = MomentField()
    due_at = MomentField()
    accepted = models.BooleanField(null=True)
    decided_at = MomentField(null=True)
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "kind", "met_at"], name="verification_once")]

    def __str__(self) -> str:
        return f"{self.task_id} {self.kind}"


class Escalation(models.Model):
    """A task stayed undone so long that a level above was told."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="escalations")
    due_at = MomentField()  # the deadline that was missed: a new one starts a new ladder
    rung = models.PositiveSmallIntegerField()
    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="+", db_index=False)
    at = MomentField()
    # The digest in which the unit was told; null while none has left, as during quiet hours.
    digest = models.ForeignKey(
        "loop.Message", models.SET_NULL, null=True, related_name="escalations", db_index=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "due_at", "rung"], name="escalation_once")]
        indexes = [
            models.Index(fields=["unit", "-id"], name="escalation_to_unit"),
            models.Index(fields=["unit"], condition=Q(digest__isnull=True), name="escalation_untold"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} rung {self.rung}"


class SheddingMode(models.TextChoices):
    """How load is shed when duties exceed hands."""

    RANKED = "ranked", _("the most at risk first")
    SAMPLED = "sampled", _("a sample")
    SELF_CHECK = "self_check", _("self-check by the person")


class SheddingPolicy(models.Model):
    """A recorded decision that part of a duty in an area is not done by hand for a time, and how it is chosen."""

    duty = models.CharField(max_length=60)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    mode = models.CharField(max_length=12, choices=SheddingMode)
    # ranked: tasks kept per unit and day; sampled and self_check: share kept by hand, in percent
    keep = models.PositiveIntegerField()
    from_at = MomentField()
    until_at = MomentField()
    reason = models.TextField()
    decided_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "shedding policies"

    def __str__(self) -> str:
        return f"{self.duty} in {self.path}: {self.mode} {self.keep}"


class Finding(models.Model):
    """What the machine proposes, with its evidence and the edition of the rule; a person decides."""

    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=40)  # model label
    subject_id = models.BigIntegerField()
    key = models.CharField(max_length=80, blank=True)  # tells apart several findings of a kind on one subject
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    capability = models.CharField(max_length=16, default="assess")
    evidence = models.JSONField()
    edition = models.CharField(max_length=80, blank=True)
    signal_id = models.BigIntegerField(null=True, db_index=True)
    found_at = MomentField()
    due_at = MomentField()
    withdrawn_at = MomentField(null=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "subject_id", "key"], name="finding_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}#{self.subject_id}"


class Decision(models.TextChoices):
    """What an answerable person made of a finding."""

    CONFIRMED = "confirmed", _("confirmed as found")
    CORRECTED = "corrected", _("corrected")
    WATCHED = "watched", _("watch")
    DISMISSED = "dismissed", _("dismissed")


class Judgement(models.Model):
    """An answerable person decided on a finding, with a reason. The newest one holds; none is overwritten."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="judgements")
    decision = models.CharField(max_length=10, choices=Decision)
    reason = models.TextField()
    by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    at = MomentField()

    def __str__(self) -> str:
        return f"{self.finding_id}: {self.decision}"


class Channel(models.TextChoices):
    """How a message leaves."""

    IN_APP = "in_app", _("in the application")
    EMAIL = "email", _("e-mail")
    WEBHOOK = "webhook", _("webhook")


class Message(models.Model):
    """The outbox: a durable row first, the sending a second step that may fail and be repeated."""

    channel = models.CharField(max_length=8, choices=Channel)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=160, unique=True)  # the same message is never sent twice
    subject = models.CharField(max_length=200)
    body = models.JSONField()
    queued_at = MomentField()
    send_after = MomentField()
    sent_at = MomentField(null=True)
    read_at = MomentField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["send_after"], condition=Q(sent_at__isnull=True), name="message_waiting"),
            models.Index(fields=["unit", "-id"], name="message_to_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.unit_id}"


class Feedback(models.Model):
    """What became of a signal, told to its source once per stage."""

    signal_id = models.BigIntegerField()
    stage = models.CharField(max_length=40)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, related_name="feedback")
    body = models.JSONField(default=dict)
    at = MomentField()

    class Meta:
        verbose_name_plural = "feedback"
        constraints = [models.UniqueConstraint(fields=["signal_id", "stage"], name="feedback_once")]

    def __str__(self) -> str:
        return f"signal {self.signal_id}: {self.stage}"


Json = dict[str, Any]
