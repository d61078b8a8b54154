"""What became of a signal, told to its source: declared as a query by the apps that know, written set-wise.

A domain app declares which signals have reached which stage; the engine writes each stage of each signal once. Stages
are `accepted`, `judged`, `confirmed` or `excluded`, and `done`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import F, JSONField, QuerySet, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import JSONObject

from lianfang.common.fields import MomentField
from lianfang.loop.duty import Touching
from lianfang.loop.models import Feedback
from lianfang.loop.reconcile import Claimed, insert_select
from lianfang.loop.register import Register

_COLUMNS = ("signal_id", "stage", "unit", "body", "at")


class FeedbackRule(ABC):
    """One kind of news for sources. `subject` is the model whose touched rows may bring it."""

    code: ClassVar[str]
    subject: ClassVar[type[models.Model]]
    watches: ClassVar[Mapping[str, Touching]] = {}

    @abstractmethod
    def told(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        """Return what there is to tell about the rows `among`, built with `telling(...)`."""


def telling(
    rows: QuerySet[Any],
    *,
    signal: str | Expression,
    unit: str | Expression,
    stage: str | Expression,
    at: datetime,
    body: Mapping[str, str | Combinable] | None = None,
) -> QuerySet[Any]:
    """Return `rows` as news: the signal's id, the source's unit, the stage (a word, or an expression), and a small body."""
    said = JSONObject(**dict(body)) if body else Value({}, output_field=JSONField())
    return rows.order_by().values_list(
        F(signal) if isinstance(signal, str) else signal,
        Value(stage) if isinstance(stage, str) else stage,
        F(unit) if isinstance(unit, str) else unit,
        said,
        Value(int(at.timestamp()), output_field=MomentField()),
    )


feedback_rules: Register[FeedbackRule] = Register("feedback rules")


@transaction.atomic
def tell_by(rule: FeedbackRule, *, at: datetime, claimed: Claimed | None = None) -> int:
    """Write the news of one rule: one statement for all, or one for each touched label that it watches."""
    rows = rule.subject._default_manager.all()  # noqa: SLF001 - Django's documented Meta API
    if claimed is None:
        return insert_select(Feedback, _COLUMNS, rule.told(rows, at))
    return sum(
        insert_select(Feedback, _COLUMNS, rule.told(rows.filter(pk__in=ids), at))
        for ids in touched_by(rule, claimed)
    )


def touched_by(declared: Any, claimed: Claimed) -> list[Any]:
    """Return subqueries of the ids of a declaration's subjects that the claimed rows concern, directly or by `watches`."""
    own = declared.subject._meta.label  # noqa: SLF001
    found: list[Any] = [claimed.ids(own)] if own in claimed.labels else []
    found += [
        watch(claimed.ids(label)) for label, watch in declared.watches.items() if label in claimed.labels
    ]
    return found
