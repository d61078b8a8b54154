"""Studies follow the facts: a touched case marks its studies, and what is due is computed by the worker."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from lianfang.cases.models import Case
from lianfang.contacts.models import Contact
from lianfang.loop.derivation import Derivation, derivations
from lianfang.outlook.methods import METHODS
from lianfang.outlook.models import Study
from lianfang.outlook.runs import mark_studies, run_studies


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
                for method in METHODS.values()
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
class StudyRuns(Derivation):
    """A study that is due is computed."""

    model = Study
    watches: ClassVar[Any] = {"outlook.Study": lambda ids: Study.objects.filter(pk__in=ids)}

    def stale(self, at: datetime) -> QuerySet[Any]:
        return Study.objects.filter(due_at__lte=at).order_by("pk").values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        return run_studies(ids, at=at)
