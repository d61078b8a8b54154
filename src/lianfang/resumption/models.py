"""Firms and what they declare and need; charters with their travellers; people who arrive alone or are stranded."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.facts import Fact
from lianfang.regions.models import RiskLevel
from lianfang.resumption.querysets import FirmFactQuerySet, FirmQuerySet, JourneyQuerySet, StrandedQuerySet


class Trade(models.TextChoices):
    """What a firm does."""

    ESSENTIAL = "essential", _("protective goods and medicine")
    FOOD = "food", _("food and daily goods")
    FARMING = "farming", _("farming")
    INDUSTRY = "industry", _("industry")
    BUILDING = "building", _("building")
    TRANSPORT = "transport", _("transport and storage")
    TRADE = "trade", _("shops and markets")
    CATERING = "catering", _("restaurants and hotels")
    SERVICES = "services", _("other services")


class Firm(models.Model):
    """A firm of the area: its trade and how many work there."""

    name = models.CharField(max_length=160)
    trade = models.CharField(max_length=12, choices=Trade)
    n_workers = models.PositiveIntegerField()
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    recorded_at = MomentField()

    objects = FirmQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["place", "name"], name="firm_once")
        ]

    def __str__(self) -> str:
        return self.name


class Reopening(Fact):
    """A firm declares that it reopens: open at once where no permit is needed, else once a person has decided.

    `grade` and `edition` say by which grade of the area, and by which rule, a permit was needed or not.
    """

    firm = models.ForeignKey(Firm, models.PROTECT, related_name="reopenings")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    n_back = models.PositiveIntegerField()  # workers who are back
    grade = models.CharField(max_length=6, blank=True)
    edition = models.CharField(max_length=80, blank=True)
    needs_permit = models.BooleanField()
    is_open = models.BooleanField(null=True)  # null: a permit was asked for and nobody has decided
    decided_at = MomentField(null=True)
    decided_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    closed_at = MomentField(null=True)  # the firm closed again; it may declare anew
    closed_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    closed_because = models.TextField(blank=True)

    objects = FirmFactQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["firm"], condition=Q(superseded_at__isnull=True), name="one_declaration"
            )
        ]

    def __str__(self) -> str:
        return f"reopening of firm {self.firm_id}"


class HelpRequest(models.Model):
    """A firm says what it needs to reopen, and is answered."""

    class Kind(models.TextChoices):
        """What is needed."""

        PROTECTION = "protection", _("protective goods")
        WORKERS = "workers", _("workers")
        TRANSPORT = "transport", _("transport of workers or goods")
        MATERIAL = "material", _("material")
        CREDIT = "credit", _("credit or deferral")
        OTHER = "other", _("something else")

    firm = models.ForeignKey(Firm, models.PROTECT, related_name="help_requests")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(blank=True)
    asked_at = MomentField()
    asked_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    answered_at = MomentField(null=True)
    answered_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    answer = models.TextField(blank=True)

    objects = FirmQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} for firm {self.firm_id}"


class Charter(models.Model):
    """A bus that takes workers from one place to another without a stop; `path` is where it arrives."""

    from_place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    to_place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)
    vehicle = models.CharField(max_length=60)
    seats = models.PositiveSmallIntegerField()
    most = models.PositiveSmallIntegerField()  # people whom it may carry by the edition
    edition = models.CharField(max_length=80)
    departs_at = MomentField()
    arrives_at = MomentField()
    planned_at = MomentField()
    called_off_at = MomentField(null=True)
    called_off_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    called_off_because = models.TextField(blank=True)
    departed_at = MomentField(null=True)
    received_at = MomentField(null=True)
    received_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    n_received = models.PositiveSmallIntegerField(null=True)
    note = models.TextField(blank=True)

    objects = JourneyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(arrives_at__gt=F("departs_at")), name="charter_arrives_later")
        ]

    def __str__(self) -> str:
        return f"{self.vehicle} to {self.path}"


class Traveller(models.Model):
    """A person on the list of a charter, and the check before boarding: who has fever does not travel."""

    charter = models.ForeignKey(Charter, models.CASCADE, related_name="travellers")
    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="journeys")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")  # where they board
    path = PathField(db_index=True)
    source_path = PathField(db_index=True)
    due_at = MomentField()
    listed_at = MomentField()
    temperature = models.DecimalField(max_digits=3, decimal_places=1, null=True)
    is_fit = models.BooleanField(null=True)
    checked_at = MomentField(null=True)

    objects = JourneyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["charter", "person"], name="traveller_once")
        ]

    def __str__(self) -> str:
        return f"traveller {self.person_id}"


class Arrival(models.Model):
    """A person who comes alone is announced; the place where they arrive meets them and sees what they need.

    `grade` is that of the place they leave, `observe_days` what the edition asks of arrivals from there; whether they are
    observed, and until when, is said by the person who met them.
    """

    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="+")
    from_place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    source_path = PathField(db_index=True)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")  # where they arrive
    path = PathField(db_index=True)
    expected_at = MomentField()
    announced_at = MomentField()
    announced_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    grade = models.CharField(max_length=6, choices=RiskLevel, blank=True)
    edition = models.CharField(max_length=80, blank=True)
    observe_days = models.PositiveSmallIntegerField(default=0)
    met_at = MomentField(null=True)
    met_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    came = models.BooleanField(null=True)
    temperature = models.DecimalField(max_digits=3, decimal_places=1, null=True)
    observe_until_on = models.DateField(null=True)
    note = models.TextField(blank=True)

    objects = JourneyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"arrival of person {self.person_id}"


class Stranded(models.Model):
    """A person who cannot go on or home is reported; the place where they are looks after them."""

    person = models.ForeignKey("registry.Person", models.PROTECT, related_name="+")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    need = models.TextField()
    found_at = MomentField()
    found_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    settled_at = MomentField(null=True)
    settled_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    how = models.TextField(blank=True)

    objects = StrandedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "stranded"

    def __str__(self) -> str:
        return f"stranded person {self.person_id}"
