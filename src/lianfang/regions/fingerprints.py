"""What differs whenever the flows of a county may differ: counts, sums and latest moments of its facts, cheaply and for all at once."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import BigIntegerField, Count, Func, Max, Sum

from lianfang.care.models import Departure, PathwayChange, Stay
from lianfang.cases.models import Case, Outcome, Sample, StatusChange
from lianfang.contacts.models import Contact, Observation
from lianfang.loop.models import Judgement
from lianfang.outlook.clusters import FINDING as CLUSTER
from lianfang.outlook.models import Focus
from lianfang.regions.models import Published
from lianfang.regions.reading import DEPTH, steps_of, unit_of

_FACT = (Count("pk"), Max("pk"), Max("superseded_at"), Count("superseded_at"))
_LOGGED = (Count("pk"), Max("pk"))


class DayNumber(Func):
    """A date as a number that can be added up, on both databases."""

    output_field = BigIntegerField()
    template = "(%(expressions)s - DATE '1970-01-01')"

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="CAST(julianday(%(expressions)s) AS INTEGER)", **more
        )


def _sum(name: str) -> Sum:
    return Sum(name, output_field=BigIntegerField())


def fingerprints(disease: str) -> tuple[dict[str, str], frozenset[str]]:
    """Return unit -> fingerprint of all that have facts of the disease, and the units above the county that do more than publish."""
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    cases: set[str] = set()
    publishing: set[str] = set()
    mixed: set[str] = set()
    for kind, path, *values in _grouped(disease):
        unit = unit_of(path)
        found[unit].append((kind, path, *values))
        if kind == "published":
            publishing.add(unit)
        elif len(steps_of(unit)) < DEPTH:
            mixed.add(unit)
        if kind == "cases":
            cases.add(unit)
    for unit in publishing:
        if len(steps_of(unit)) < DEPTH:  # its figures count where no case below it is on file
            found[unit].append(("counted below", any(one.startswith(unit) for one in cases)))
    return {unit: _hash(rows) for unit, rows in found.items()}, frozenset(mixed)


def _hash(rows: list[tuple[Any, ...]]) -> str:
    return hashlib.blake2s(repr(sorted(rows, key=repr)).encode(), digest_size=12).hexdigest()


def _grouped(disease: str) -> Iterator[tuple[Any, ...]]:
    """Yield (kind, path, values): one grouped query each."""
    of_case = {"case__disease": disease}
    queries: list[tuple[str, Any, tuple[str, ...], tuple[Any, ...]]] = [
        (
            "cases",
            Case.objects.filter(disease=disease),
            ("path", "residence_path", "classification"),
            (Count("pk"), _sum("confirmed_at"), Count("confirmed_at"), Sum(DayNumber("onset_on"))),
        ),
        ("status", StatusChange.objects.filter(**of_case), ("case__path",), _LOGGED),
        ("outcomes", Outcome.objects.filter(**of_case), ("case__path",), _FACT),
        ("stays", Stay.objects.filter(**of_case), ("case__path",), _FACT),
        ("departures", Departure.objects.filter(**of_case), ("case__path",), _FACT),
        ("pathway", PathwayChange.objects.filter(**of_case), ("case__path",), _LOGGED),
        ("samples", Sample.objects.filter(**of_case), ("case__path",), _FACT),
        (
            "contacts",
            Contact.objects.filter(disease=disease),
            ("path", "status"),
            (
                Count("pk"), _sum("named_at"), _sum("status_at"), Count("visit_until_on"),
                Sum(DayNumber("visit_until_on")), Sum(DayNumber("observe_from_on")),
            ),
        ),
        (
            "later cases",
            Contact.objects.filter(case_later__disease=disease),
            ("case_later__path",),
            (Count("pk"), _sum("named_at")),
        ),
        ("looks", Observation.objects.filter(contact__disease=disease), ("contact__path",), _FACT),
        (
            "clusters",
            Focus.objects.filter(disease=disease, is_cluster=True, cases__isnull=False),
            ("cases__path",),
            (Count("pk"), _sum("identified_at"), Count("gone_at"), _sum("gone_at"), _sum("cases__pk")),
        ),
        ("published", Published.objects.filter(disease=disease), ("path",), _FACT),
    ]  # fmt: skip
    for kind, rows, keys, values in queries:
        named = {f"value{n}": value for n, value in enumerate(values)}
        for row in rows.order_by().values_list(*keys).annotate(**named):
            yield kind, *row
    yield from _judged_clusters(disease)


def _judged_clusters(disease: str) -> Iterator[tuple[Any, ...]]:
    newest = dict(
        Judgement.objects.filter(finding__kind=CLUSTER, finding__subject="outlook.Focus")
        .order_by()
        .values_list("finding__subject_id")
        .annotate(Max("pk"))
    )
    if newest:
        rows = Focus.objects.filter(disease=disease, is_cluster=True, cases__isnull=False)
        for focus, path in rows.values_list("pk", "cases__path").distinct():
            if focus in newest:
                yield "judged", path, focus, newest[focus]
