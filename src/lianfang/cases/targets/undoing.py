"""An import is taken back: its facts withdrawn, what they corrected holds again, cases and people nothing hangs on removed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Model

from lianfang.cases.derive import derive_cases
from lianfang.cases.models import Case, Screening
from lianfang.cases.targets.writing import MODELS
from lianfang.core.access.actor import Actor, Scope
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.append_only import is_append_only
from lianfang.core.registry.models import ExternalNumber, Identity, IdentityKey, MatchReview, Person
from lianfang.core.registry.services.retention import erase_identities
from lianfang.core.registry.ties import references_to
from lianfang.intake.target import Undone
from lianfang.loop.touch import touch

_CHUNK = 500


def undo_cases(records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
    """Withdraw the facts, remove the cases and people that have nothing else; a few statements per 500 records."""
    done = Undone()
    touched: set[int] = set()
    for name in ("Result", *(name for name in MODELS if name != "Result")):
        ids = records.get(f"cases.{name}", ())
        for chunk in _chunks(ids):
            touched |= _withdraw(name, chunk, at=at, reason=reason, done=done)
    opened = list(records.get("cases.Case", ()))
    removed: set[int] = set()
    empty: set[int] = set()
    for chunk in _chunks(opened):
        gone, left = _remove_cases(chunk)
        removed |= gone
        empty |= left
    done.removed += len(removed)
    done.emptied += len(empty)
    done.kept += len(set(opened) - removed - empty)
    touch(Case, removed, at=at)
    derive_cases((touched | set(opened)) - removed, at=at, by=by, because="withdrawal")
    _forget(records.get("registry.Person", ()), empty, by=by, at=at, reason=reason)
    undo_people(records.get("registry.Person", ()), done)
    return done


def _withdraw(name: str, ids: Sequence[int], *, at: datetime, reason: str, done: Undone) -> set[int]:
    model = MODELS[name]
    holding = model.objects.current().filter(pk__in=ids)
    touched = set(holding.values_list("case_id", flat=True))
    holding_ids = list(holding.values_list("pk", flat=True))
    done.withdrawn += holding.update(superseded_at=at, withdrawn_because=reason[:500])
    # What the import corrected holds again.
    before = model.objects.filter(superseded_by__in=holding_ids, withdrawn_because="")
    done.reinstated += before.update(superseded_at=None, superseded_by=None)
    return touched


def _remove_cases(ids: Sequence[int]) -> tuple[set[int], set[int]]:
    """Delete the cases on which nothing but withdrawn facts hangs; return (deleted, left empty).

    A case that was once classified has a history, which nobody can remove: it stays as an empty case under its number,
    and fills again when the right file brings that number.
    """
    kept: set[int] = set()
    history: set[int] = set()
    for model, field in references_to(Case):
        rows = model._default_manager.filter(**{f"{field}__in": ids})  # noqa: SLF001 - any model that points here
        if any(f.name == "superseded_at" for f in model._meta.get_fields()):  # noqa: SLF001
            rows = rows.filter(superseded_at__isnull=True)
        found = {pk for pk in rows.values_list(f"{field}_id", flat=True) if pk is not None}
        if is_append_only(model):
            history |= found
        else:
            kept |= found
    gone = set(ids) - kept - history
    ExternalNumber.objects.filter(record="cases.Case", record_id__in=gone).delete()
    for model in MODELS.values():
        model.objects.filter(case_id__in=gone).update(superseded_by=None)
    MODELS["Result"].objects.filter(case_id__in=gone).delete()
    Case.objects.filter(pk__in=gone).delete()
    return gone, history - kept


def _forget(people: Iterable[int], empty: set[int], *, by: Actor, at: datetime, reason: str) -> None:
    """Erase the particulars of people whom the import brought and to whom only emptied cases are tied."""
    for chunk in _chunks(list(people)):
        tied: set[int] = set()
        for model, field in references_to(Person):
            if model in _OWN:
                continue
            rows = model._default_manager.filter(**{f"{field}__in": chunk})  # noqa: SLF001
            rows = rows.exclude(pk__in=empty) if model is Case else rows
            tied |= {pk for pk in rows.values_list(f"{field}_id", flat=True) if pk is not None}
        emptied = set(
            Case.objects.filter(pk__in=empty, person_id__in=chunk).values_list("person_id", flat=True)
        )
        if emptied - tied:
            everywhere = replace(by, scopes=(*by.scopes, Scope("", frozenset({Permission.PERSON_EDIT}))))
            erase_identities(people=emptied - tied, reason=reason, by=everywhere, at=at)


_OWN: tuple[type[Model], ...] = (Identity, IdentityKey, MatchReview)


def undo_people(ids: Iterable[int], done: Undone) -> None:
    """Delete the people made by an import to whom nothing has been tied since, with their sealed particulars."""
    for chunk in _chunks(list(ids)):
        kept: set[int] = set()
        for model, field in references_to(Person):
            if model in _OWN:
                continue
            rows = model._default_manager.filter(**{f"{field}__in": chunk})  # noqa: SLF001
            kept |= {pk for pk in rows.values_list(f"{field}_id", flat=True) if pk is not None}
        gone = set(chunk) - kept
        Person.objects.filter(pk__in=gone, merged_into__isnull=True).delete()
        done.removed += len(gone)
        done.kept += len(kept)


def undo_screenings(ids: Sequence[int], *, at: datetime, done: Undone) -> None:
    """Delete the readings that nobody has looked at yet."""
    for chunk in _chunks(ids):
        rows = Screening.objects.filter(pk__in=chunk, looked_at__isnull=True)
        gone = list(rows.values_list("pk", flat=True))
        rows.delete()
        touch(Screening, gone, at=at)
        done.removed += len(gone)
        done.kept += len(chunk) - len(gone)


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
