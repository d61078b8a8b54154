"""Studies follow the facts: a touched case marks its studies, and what is due is computed by the worker."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from lianfang.care.models import Bed, BedTally, Stay, Treatment
from lianfang.cases.models import Case
from lianfang.contacts.models import Contact
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.loop.derivation import Derivation, derivations
from lianfang.outlook.methods import methods_of
from lianfang.outlook.models import Study
from lianfang.outlook.retention import drop_superseded, superseded
from lianfang.outlook.runs import mark_bed_studies, mark_studies, run_studies


def _cases_of_contacts(ids: Any) -> QuerySet[Any]:
    rows = Contact.objects.filter(pk__in=ids)
    return Case.objects.filter(
        Q(pk__in=rows.values("case_id"))
        | Q(pk__in=rows.filter(case_later__isnull=False).values("case_later_id"))
    )


@derivations.add
class StudyMarks(Derivation):
    """A case or a tie between cases has changed: what was computed from it is to be computed again."""

    model = Case
    watches: ClassVar[Any] = {
        "cases.Case": lambda ids: Case.objects.filter(pk__in=ids),
        "contacts.Contact": _cases_of_contacts,
        "care.Treatment": lambda ids: Case.objects.filter(
            pk__in=Treatment.objects.filter(pk__in=ids).values("case_id")
        ),
    }

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        """Return one case of each disease and area that has no study yet, as after a change of the site's level."""
        known = set(Study.objects.values_list("method", "disease", "path"))
        rows = Case.objects.order_by().values_list("disease", "path").distinct()
        missing = [
            (disease, path)
            for disease, path in rows
            if any(
                (method.code, disease, area) not in known
                for method in methods_of("cases")
                for area in method.areas(path)
            )
        ]
        wanted = Q(pk__in=[])
        for disease, path in missing:
            wanted |= Q(disease=disease, path=path)
        return (
            Case.objects.filter(wanted).order_by("pk").values_list("pk", flat=True)
            if missing
            else Case.objects.none().values_list("pk", flat=True)
        )

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        return mark_studies(ids, at=at)


@derivations.add
class BedStudyMarks(Derivation):
    """Beds, stays or a tally of a place have changed: the outlook of the areas it lies in is to be made again."""

    model = Place
    watches: ClassVar[Any] = {
        "care.Stay": lambda ids: Place.objects.filter(
            pk__in=Stay.objects.filter(pk__in=ids).values("bed__ward__place_id")
        ),
        "care.Bed": lambda ids: Place.objects.filter(
            pk__in=Bed.objects.filter(pk__in=ids).values("ward__place_id")
        ),
        "care.BedTally": lambda ids: Place.objects.filter(
            pk__in=BedTally.objects.filter(pk__in=ids).values("place_id")
        ),
    }

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        """Return the places with beds that lie in an area without a study yet."""
        known = set(Study.objects.values_list("method", "path"))
        with_beds = Place.objects.filter(
            Q(pk__in=Bed.objects.values("ward__place_id")) | Q(pk__in=BedTally.objects.values("place_id"))
        )
        missing = [
            pk
            for pk, path in with_beds.values_list("pk", "path")
            if any(
                (method.code, area) not in known
                for method in methods_of("beds")
                for area in method.areas(path)
            )
        ]
        return Place.objects.filter(pk__in=missing).order_by("pk").values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        return mark_bed_studies(Place.objects.filter(pk__in=list(ids)).values_list("path", flat=True), at=at)


@derivations.add
class RunsKept(Derivation):
    """Of a study's old runs the last of each day is kept."""

    model = Study

    def stale(self, at: datetime) -> QuerySet[Any]:
        return superseded(at).values_list("study_id", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        return drop_superseded(at=at, by=Actor.system("outlook.retention"), studies=ids)


@derivations.add
class StudyRuns(Derivation):
    """A study that is due is computed."""

    model = Study
    watches: ClassVar[Any] = {"outlook.Study": lambda ids: Study.objects.filter(pk__in=ids)}

    def stale(self, at: datetime) -> QuerySet[Any]:
        return Study.objects.filter(due_at__lte=at).order_by("pk").values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        return run_studies(ids, at=at)
