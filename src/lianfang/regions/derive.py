"""What the loop does for regions: the night's work once its hour has come, and grades that a person confirmed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet

from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.loop.derivation import Derivation, derivations
from lianfang.loop.models import Finding
from lianfang.regions.bed_demand import beds_are_due, compute_beds
from lianfang.regions.grading import FINDING
from lianfang.regions.night import compute, due_diseases
from lianfang.regions.selectors import judged_without_grade
from lianfang.regions.services import put_in_force


@derivations.add
class Nights(Derivation):
    """Indicators, outlook, demand for beds, warnings and grades of all areas are computed once a night."""

    model = Place

    def stale(self, at: datetime) -> QuerySet[Any]:
        """Return the root of the register if a disease, or the demand for beds, waits for the night's work."""
        hour = settings.REGIONS_HOUR
        is_due = due_diseases(at=at, hour=hour) or beds_are_due(at=at, hour=hour)
        roots = Place.objects.filter(parent=None).order_by("path")
        return (roots if is_due else roots.none()).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        if not list(ids):
            return 0
        hour = settings.REGIONS_HOUR
        done = sum(compute(disease, at=at) is not None for disease in due_diseases(at=at, hour=hour))
        return done + (beds_are_due(at=at, hour=hour) and compute_beds(at=at) is not None)


@derivations.add
class ConfirmedGrades(Derivation):
    """A grade that was confirmed on the page of findings is put in force."""

    model = Finding
    watches: ClassVar[Any] = {"loop.Finding": lambda ids: Finding.objects.filter(pk__in=ids, kind=FINDING)}

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        ids = [finding.pk for finding, _ in judged_without_grade()]
        return Finding.objects.filter(pk__in=ids).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        wanted = set(ids)
        written = 0
        for finding, judgement in judged_without_grade():
            if finding.pk in wanted:
                by = Actor.system("regions.grades")
                put_in_force(
                    finding=finding, level=finding.evidence["level"], reason=judgement.reason, by=by, at=at
                )
                written += 1
        return written
