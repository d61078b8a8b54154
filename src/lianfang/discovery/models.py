"""Venues, searches and what they found, and which days of visits are held. The visits themselves are never in the database."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet


class SearchQuerySet(VisibleQuerySet):
    """Searches are seen by those who may search in the area of the case."""

    view_permission: ClassVar[Permission] = Permission.VISITS_SEARCH


class PlaceWord(models.TextChoices):
    """Kinds of places, as `lianfang.visits.PlaceKind` numbers them."""

    OTHER = "other", _("other place")
    HOME = "home", _("home")
    WORK = "work", _("workplace")
    CLASS = "class", _("class")
    WARD = "ward", _("ward or clinic")
    MEAL = "meal", _("restaurant or shared meal")
    VEHICLE = "vehicle", _("vehicle")
    SHOP = "shop", _("shop or market")
    STATION = "station", _("station or hall")
    GATE = "gate", _("gate or checkpoint")


class Venue(models.Model):
    """A place where visits are recorded; its primary key is the number of the place in the files."""

    code = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=PlaceWord, default=PlaceWord.OTHER)
    area = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)

    def __str__(self) -> str:
        return self.name


class Search(models.Model):
    """Somebody searched the visits around a case: who, for what, inside which window, and what came of it.

    The row stays as a record of the act; what was found (`Found`) is deleted at `drop_at`.
    """

    case = models.ForeignKey("cases.Case", models.CASCADE, related_name="searches")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    purpose = models.TextField()
    asked_by = models.ForeignKey("access.User", models.PROTECT, related_name="+")
    searched_at = MomentField()
    opens_at = MomentField()
    closes_at = MomentField()
    anchor_on = models.DateField()  # onset, or sampling of a person without symptoms
    edition = models.CharField(max_length=80, blank=True)  # of the contact definition
    rule_edition = models.CharField(max_length=80)  # of the search itself
    n_found = models.PositiveIntegerField(default=0)
    n_proposed = models.PositiveIntegerField(default=0)
    n_weak = models.PositiveIntegerField(default=0)  # below the score from which somebody is proposed
    n_named_before = models.PositiveIntegerField(default=0)
    n_unregistered = models.PositiveIntegerField(default=0)  # shared a place, and are not in the register
    days_missing = models.JSONField(default=list)
    crowd: Any = models.JSONField(
        default=list
    )  # stays left out for their crowd: venue, kind, since, until, present
    drop_at = MomentField(db_index=True)
    dropped_at = MomentField(null=True)

    objects = SearchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "searches"

    def __str__(self) -> str:
        return f"search {self.pk} around case {self.case_id}"


class Found(models.Model):
    """One person who shared places with the case, and the stays that say so; deleted with the search's results."""

    search = models.ForeignKey(Search, models.CASCADE, related_name="found")
    person = models.ForeignKey("registry.Person", models.CASCADE, related_name="+")
    finding = models.ForeignKey("loop.Finding", models.SET_NULL, null=True, related_name="+")
    contact = models.ForeignKey("contacts.Contact", models.SET_NULL, null=True, related_name="+")
    n_stays = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    first_at = MomentField()
    last_at = MomentField()
    score = models.FloatField()
    stays: Any = models.JSONField()  # venue, kind, start, seconds, present; the strongest first

    class Meta:
        verbose_name_plural = "found"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["search", "person"], name="found_once_a_search")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in search {self.search_id}"


class VisitDay(models.Model):
    """A day of which visits are held, until when, and the proof that it was deleted."""

    on = models.DateField(unique=True)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    received_at = MomentField()
    drop_at = MomentField(db_index=True)
    dropped_at = MomentField(null=True)
    proof = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"visits of {self.on}"
