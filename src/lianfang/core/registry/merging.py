"""Making two records one person, step by step, so that every step can be taken back.

All rows that refer to the merged record, found by introspection of the models, are repointed to the kept one. Where
that would break a uniqueness rule (both are contacts of one case) the merged record's row is folded into the kept
one's: what hangs on it is repointed in turn, and the row is put away in the record of the merge. Steps are plain data:

    {"do": "move", "model", "field", "label", "from", "to", "ids"}   rows repointed (label: for references by label and id)
    {"do": "fold", "model", "row": {column: text}, "into"}           a row put away
    {"do": "change", "model", "id", "before", "after"}               columns of a row that were set
    {"do": "create", "model", "ids"}                                 rows that were made

Apps above tell here who must hear of repointed rows (`on_repointed`) and how a conflict that is not simply a double
is settled (`settle`).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from django.apps import apps
from django.db import models
from django.db.models import Q

from lianfang.common.clock import local_day
from lianfang.core.audit.append_only import is_append_only
from lianfang.core.registry.models import MatchReview, Membership, Merge
from lianfang.core.registry.ties import references_to

Step = dict[str, Any]
Row = models.Model
Model = type[models.Model]


class OnRepointed(Protocol):
    """Called with rows that were repointed, folded, restored or changed, in the merge's own transaction."""

    def __call__(self, model: Model, ids: Iterable[int], *, at: datetime) -> None: ...


on_repointed: list[OnRepointed] = []

# Given the merged record's row and the kept one's that stand in each other's way: the columns to set on the former so
# that both can stay, or None to fold it.
Settlement = Callable[[Any, Any, datetime], dict[str, Any] | None]
settle: dict[str, Settlement] = {}

# Models that name a row by label and id instead of a foreign key.
_LABELLED = (("subject", "subject_id"), ("record", "record_id"))
# The queue of the loop is told through `on_repointed`; reviews and merges are history and keep the ids they had.
_NEVER = frozenset({"loop.Touched"})
_HISTORY: tuple[Model, ...] = (MatchReview, Merge)


def _end_membership(row: Membership, twin: Membership, at: datetime) -> dict[str, Any] | None:
    """Two present households: the merged record's membership ends; in one household it is simply a double."""
    if row.household_id == twin.household_id:
        return None
    return {"to_on": max(row.from_on, local_day(at))}


settle["registry.Membership"] = _end_membership


class Merging:
    """One merge or its undoing: takes the steps, and remembers which rows to announce."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.steps: list[Step] = []
        self._touched: dict[Model, set[int]] = {}

    def announce(self) -> None:
        """Tell those who asked which rows were repointed or changed."""
        for model, ids in self._touched.items():
            for hear in on_repointed:
                hear(model, sorted(ids), at=self.at)

    def touch(self, model: Model, ids: Iterable[int]) -> None:
        """Remember rows to be announced."""
        self._touched.setdefault(model, set()).update(ids)

    def repoint(self, old: Row, new: Row) -> None:
        """Let everything that refers to `old` refer to `new`."""
        for model, field in references_to(type(old)):
            if model in _HISTORY or is_append_only(model):
                continue
            for row, twin in _conflicts(model, field, old.pk, new.pk):
                self._resolve(row, twin)
            self._move(model, field, "", old.pk, new.pk)
        label = type(old)._meta.label  # noqa: SLF001 - Django's documented Meta API
        for model, field in _labelled_models():
            for row, twin in _conflicts(model, f"{field}_id", old.pk, new.pk, Q(**{field: label})):
                self._resolve(row, twin)
            self._move(model, f"{field}_id", label, old.pk, new.pk)
        self.touch(type(old), [old.pk, new.pk])

    def change(self, row: Row, **columns: Any) -> None:
        """Set columns of a row, by attribute name."""
        before = _texts(row, columns)
        for name, value in columns.items():
            setattr(row, name, value)
        row.save(update_fields=list(columns))
        self._note("change", type(row), id=row.pk, before=before, after=_texts(row, columns))
        self.touch(type(row), [row.pk])

    def create(self, rows: list[Any]) -> None:
        """Insert rows of one model."""
        if rows:
            made = type(rows[0])._base_manager.bulk_create(rows)  # noqa: SLF001
            self._note("create", type(rows[0]), ids=[row.pk for row in made])

    def undo(self, steps: list[Step]) -> None:
        """Take steps back, the last first; rows that somebody changed since are left as they are."""
        for step in reversed(steps):
            model = apps.get_model(step["model"])
            getattr(self, f"_undo_{step['do']}")(model, step)

    def _note(self, do: str, model: Model, **rest: Any) -> None:
        self.steps.append({"do": do, "model": model._meta.label, **rest})  # noqa: SLF001

    def _move(self, model: Model, field: str, label: str, old: int, new: int) -> None:
        rows = model._base_manager.filter(**{field: old}, **_label_filter(field, label))  # noqa: SLF001
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        if ids:
            rows.update(**{field: new})
            self._note("move", model, field=field, label=label, **{"from": old, "to": new}, ids=ids)
            self.touch(model, ids)

    def _resolve(self, row: Row, twin: Row) -> None:
        settlement = settle.get(type(row)._meta.label)  # noqa: SLF001
        columns = settlement(row, twin, self.at) if settlement else None
        if columns:
            self.change(row, **columns)
            return
        self.repoint(row, twin)
        texts = _texts(row, [field.attname for field in row._meta.concrete_fields])  # noqa: SLF001
        self._note("fold", type(row), row=texts, into=twin.pk)
        row.delete()

    def _undo_move(self, model: Model, step: Step) -> None:
        rows = model._base_manager.filter(  # noqa: SLF001
            pk__in=step["ids"], **{step["field"]: step["to"]}, **_label_filter(step["field"], step["label"])
        )
        rows.update(**{step["field"]: step["from"]})
        self.touch(model, step["ids"])

    def _undo_fold(self, model: Model, step: Step) -> None:
        row = model(**_values(model, step["row"]))
        model._base_manager.bulk_create([row])  # noqa: SLF001
        self.touch(model, [row.pk, step["into"]])

    def _undo_change(self, model: Model, step: Step) -> None:
        row = model._base_manager.filter(pk=step["id"]).first()  # noqa: SLF001
        if row is not None and _texts(row, step["after"]) == step["after"]:
            for name, value in _values(model, step["before"]).items():
                setattr(row, name, value)
            row.save(update_fields=list(step["before"]))
            self.touch(model, [row.pk])

    def _undo_create(self, model: Model, step: Step) -> None:
        model._base_manager.filter(pk__in=step["ids"]).delete()  # noqa: SLF001


def _label_filter(field: str, label: str) -> dict[str, str]:
    return {field.removesuffix("_id"): label} if label else {}


def _labelled_models() -> Iterator[tuple[Model, str]]:
    """Yield (model, label column) of the models that name rows by label and id."""
    for model in apps.get_models():
        if model._meta.label in _NEVER or is_append_only(model):  # noqa: SLF001
            continue
        columns = {field.attname for field in model._meta.concrete_fields if not field.is_relation}  # noqa: SLF001
        for label, number in _LABELLED:
            if {label, number} <= columns:
                yield model, label


def _conflicts(
    model: Model, field: str, old: int, new: int, within: Q | None = None
) -> Iterator[tuple[Row, Row]]:
    """Yield (row of `old`, row of `new`) that a uniqueness rule does not let point at the same one."""
    seen: set[int] = set()
    for names, condition in _unique_rules(model, field):
        others = [name for name in names if name != field]
        rows = model._base_manager.filter(condition, within or Q())  # noqa: SLF001
        kept = {key: row for row in rows.filter(**{field: new}) if None not in (key := _key(row, others))}
        for row in rows.filter(**{field: old}).order_by("pk"):
            twin = kept.get(_key(row, others))
            if twin is not None and row.pk not in seen:
                seen.add(row.pk)
                yield row, twin


def _key(row: Row, names: list[str]) -> tuple[Any, ...]:
    return tuple(getattr(row, row._meta.get_field(name).attname) for name in names)  # type: ignore[union-attr]  # noqa: SLF001


def _unique_rules(model: Model, field: str) -> Iterator[tuple[tuple[str, ...], Q]]:
    """Yield (columns, condition) of every uniqueness rule of the model that `field` takes part in."""
    if model._meta.get_field(field).unique:  # type: ignore[union-attr]  # noqa: SLF001
        yield (field,), Q()
    for together in model._meta.unique_together:  # noqa: SLF001
        if field in together:
            yield tuple(together), Q()
    for rule in model._meta.constraints:  # noqa: SLF001
        if isinstance(rule, models.UniqueConstraint) and field in rule.fields:
            yield tuple(rule.fields), rule.condition or Q()


def _texts(row: Row, columns: Iterable[str]) -> dict[str, Any]:
    """Return columns as they are kept in the record of the merge: text, or null."""
    texts: dict[str, Any] = {}
    for field in _fields(type(row), columns):
        empty = field.value_from_object(row) is None
        texts[field.attname] = None if empty else field.value_to_string(row)
    return texts


def _values(model: Model, texts: dict[str, Any]) -> dict[str, Any]:
    return {
        field.attname: None if texts[field.attname] is None else field.to_python(texts[field.attname])
        for field in _fields(model, texts)
    }


def _fields(model: Model, columns: Iterable[str]) -> Iterator[Any]:
    wanted = set(columns)
    for field in model._meta.concrete_fields:  # noqa: SLF001
        if field.attname in wanted or field.name in wanted:
            yield field
