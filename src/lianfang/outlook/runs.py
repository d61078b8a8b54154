"""Which studies there are, when each is due, and the keeping of what they found."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from importlib.metadata import version as installed
from typing import Any

from django.db import transaction
from django.db.models import Q

from lianfang.cases.models import Case, EpiLink
from lianfang.contacts.models import Contact
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.touch import touch
from lianfang.outlook.events import OutlookEvent
from lianfang.outlook.methods import METHODS, methods_of
from lianfang.outlook.models import Run, Study

_RETRY = timedelta(minutes=5)


@transaction.atomic
def mark_studies(case_ids: Iterable[int], *, at: datetime, at_once: bool = False) -> int:
    """Note that the studies of these cases, and of the cases tied to them, are to be made again; return how many.

    A study waits for its method's pause since the latest run, unless `at_once`: a person waits for the answer.
    """
    return _mark(_concerned(set(case_ids)), at=at, at_once=at_once)


@transaction.atomic
def mark_bed_studies(paths: Iterable[str], *, at: datetime) -> int:
    """Note that what is computed about the beds of these places is to be made again; return how many studies."""
    wanted = {
        (method.code, "", area)
        for path in set(paths)
        for method in methods_of("beds")
        for area in method.areas(path)
    }
    return _mark(wanted, at=at)


def _mark(wanted: set[tuple[str, str, str]], *, at: datetime, at_once: bool = False) -> int:
    known = {
        (study.method, study.disease, study.path): study
        for study in Study.objects.filter(path__in={path for _, _, path in wanted}).select_related("latest")
    }
    missing = wanted - set(known)
    places = {place.path: place for place in Place.objects.filter(path__in={path for _, _, path in missing})}
    fresh = [
        Study(method=method, disease=disease, place=places[path], path=path, due_at=at)
        for method, disease, path in sorted(missing)
        if path in places
    ]
    Study.objects.bulk_create(fresh, ignore_conflicts=True)
    changed = []
    for key in sorted(wanted & set(known)):
        study = known[key]
        pause = timedelta() if at_once else METHODS[study.method].pause()
        due = max(at, study.latest.at + pause) if study.latest and study.latest.at else at
        if study.due_at is None or study.due_at > due:
            study.due_at = due
            changed.append(study)
    Study.objects.bulk_update(changed, ["due_at"], batch_size=500)
    ids = Study.objects.filter(path__in={path for _, _, path in wanted}, due_at__lte=at)
    touch(Study, ids.values_list("pk", flat=True), at=at)
    return len(fresh) + len(changed)


def _concerned(ids: set[int]) -> set[tuple[str, str, str]]:
    """Return (method, disease, path) of every study in which one of the cases counts."""
    links = EpiLink.objects.filter(source_case__isnull=False).filter(
        Q(case_id__in=ids) | Q(source_case_id__in=ids)
    )
    ties = Contact.objects.filter(case_later__isnull=False, case__isnull=False).filter(
        Q(case_id__in=ids) | Q(case_later_id__in=ids)
    )
    tied = {pk for pair in links.values_list("case_id", "source_case_id") for pk in pair}
    tied |= {pk for pair in ties.values_list("case_id", "case_later_id") for pk in pair}
    rows = Case.objects.filter(pk__in=ids | tied).order_by().values_list("disease", "path").distinct()
    return {
        (method.code, disease, area)
        for disease, path in rows
        for method in methods_of("cases")
        for area in method.areas(path)
    }


def run_studies(study_ids: Iterable[int], *, at: datetime) -> int:
    """Make the given studies if they are due; return how many new runs were kept.

    A study is taken off before it is computed, so that facts which come meanwhile mark it again. One that fails is
    tried again after five minutes, and the failure is raised for the worker to write down.
    """
    n = 0
    for study in Study.objects.filter(pk__in=list(study_ids), due_at__lte=at).select_related(
        "latest", "place"
    ):
        if not Study.objects.filter(pk=study.pk, due_at=study.due_at).update(due_at=None):
            continue  # another worker has it
        before = study.latest_id
        try:
            again = METHODS[study.method].refresh(study, at)
        except Exception:
            Study.objects.filter(pk=study.pk).update(due_at=at + _RETRY)
            raise
        n += Study.objects.filter(pk=study.pk).exclude(latest_id=before).exists()
        if again is not None:
            Study.objects.filter(pk=study.pk, due_at__isnull=True).update(due_at=again)
    return n


@transaction.atomic
def keep_run(
    study: Study,
    *,
    at: datetime,
    status: str,
    inputs: Mapping[str, Any],
    digest: str,
    result: Mapping[str, Any],
    method: str,
    seed: int = 0,
    seconds: float = 0.0,
) -> Run:
    """Keep a run as the latest of its study, and record that it was made."""
    run = Run.objects.create(
        study=study,
        path=study.path,
        at=at,
        version=f"lianfang {installed('lianfang')}; {method}"[:120],
        seed=seed,
        status=status,
        inputs=dict(inputs),
        digest=digest,
        result=dict(result),
        seconds=seconds,
    )
    Study.objects.filter(pk=study.pk).update(latest=run)
    study.latest = run
    after = {"method": study.method, "disease": study.disease, "status": status}
    record(OutlookEvent.RUN, subject=run, by=Actor.system(f"outlook.{study.method}"), at=at, after=after)
    return run


def digest_of(*things: Any) -> str:
    """Return one digest of everything that goes into a run."""
    text = json.dumps(things, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
