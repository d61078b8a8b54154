"""What a duty is: a declaration of what is owed, as one query over the facts.

"Who owes what to whom by when, shown by which record." A duty never reacts to a change: it states everything that is
owed now, and the engine writes the difference between that and the tasks that exist.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from django.db import models
from django.db.models import (
    BigIntegerField,
    CharField,
    F,
    Max,
    Min,
    OuterRef,
    QuerySet,
    SmallIntegerField,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from lianfang.common.errors import LianfangError
from lianfang.common.fields import MomentField, PathField
from lianfang.core.registry.models import Jurisdiction


class Evidence(StrEnum):
    """What closes a task."""

    DATA = "data"  # the record named in the query
    CLICK = "click"  # the record, or the word of the one who did it


class Check(StrEnum):
    """How the doing is verified."""

    BY_DATA = "by_data"  # the evidence is itself the proof
    BY_SECOND_UNIT = "by_second_unit"  # every doing is looked at by the supervising unit
    BY_SAMPLE = "by_sample"  # a seeded share of the doings is looked at


# The columns that every `owed` query yields, in this order; the engine copies them as they come.
COLUMNS = ("subject_id", "occasion", "unit_id", "path", "since_at", "due_at", "met_at", "risk", "again_at")

# Takes the ids of touched rows (a subquery, to be used as `..._id__in=ids`), gives a query of the ids of subjects.
Touching = Callable[[Any], QuerySet[Any]]


class Duty(ABC):
    """One kind of duty. The docstring is the sentence that a health worker reads; keep it to one.

    `watches` maps the label of another model to a function that turns ids of changed rows into a queryset of the ids
    of the subjects whose duties may change with them, as where a case's onset moves its contacts' last day.
    """

    code: ClassVar[str]
    subject: ClassVar[type[models.Model]]
    capability: ClassVar[str]
    title: ClassVar[Any]  # translated, a few words
    evidence: ClassVar[Evidence] = Evidence.DATA
    check: ClassVar[Check] = Check.BY_DATA
    sample_percent: ClassVar[int] = 5
    sheddable: ClassVar[bool] = False
    # Whether it can no longer be done once its deadline has passed, as the visit of a day: it is then missed, not late.
    lapses: ClassVar[bool] = False
    # Whether its occasions are days, made by `each_day` and named by `day_text`: a short pass then states the last alone.
    daily: ClassVar[bool] = False
    watches: ClassVar[Mapping[str, Touching]] = {}

    @abstractmethod
    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        """Return everything owed for the subjects `among`, built with `owing(...)`: met and unmet, past and present.

        Time may add to the result (a new day, a new occasion) and never takes away; only facts do.
        """

    @property
    def sentence(self) -> str:
        """The docstring as one line."""
        return " ".join((type(self).__doc__ or "").split())


def owing(
    rows: QuerySet[Any],
    *,
    by: Combinable,
    since: str | Combinable,
    due: str | Combinable,
    met: str | Combinable | None,
    again: str | Combinable | None = None,
    path: str | Combinable = "path",
    subject: str = "pk",
    occasion: str | Combinable | None = None,
    risk: str | Combinable | None = None,
) -> QuerySet[Any]:
    """Return `rows` with exactly the columns of `COLUMNS`; names are fields, anything else is an expression.

    `by` yields the answerable unit (`answerable(...)`); where it is null the engine gives the task to the unit of the
    whole nation and the gap becomes a duty of its own. `met` is the moment of the first evidence, null while unmet.
    Where doings are verified by a second unit or by sample, `again` is the moment of the latest evidence: it counts
    once a verification has rejected what came before.
    """
    moment: MomentField = MomentField(null=True)
    return rows.order_by().values_list(
        F(subject),
        _or(occasion, Value("", output_field=CharField())),
        by,
        Coalesce(_or(path, None), Value(""), output_field=PathField()),
        _or(since, None),
        _or(due, None),
        _or(met, Value(None, output_field=moment)),
        _or(risk, Value(0, output_field=SmallIntegerField())),
        _or(again, Value(None, output_field=moment)),
    )


def _or(given: str | Combinable | None, otherwise: Any) -> Any:
    if given is None:
        return otherwise
    return F(given) if isinstance(given, str) else given


def answerable(capability: str | OuterRef, place: str = "place_id") -> Subquery:
    """Return the unit that answers for `capability` (a word, or `OuterRef` to a column) in the place of the row."""
    rows = Jurisdiction.objects.filter(place_id=OuterRef(place), capability=capability)
    return Subquery(rows.values("unit_id")[:1], output_field=BigIntegerField(null=True))


def first_of(rows: QuerySet[Any], moment: str) -> Subquery:
    """Return the earliest `moment` of correlated rows, or null: when the first evidence came."""
    found = rows.order_by().values(_one=F("pk") * 0).annotate(found=Min(moment)).values("found")
    return Subquery(found, output_field=MomentField(null=True))


def last_of(rows: QuerySet[Any], moment: str) -> Subquery:
    """Return the latest `moment` of correlated rows, or null: what counts once earlier evidence was rejected."""
    found = rows.order_by().values(_one=F("pk") * 0).annotate(found=Max(moment)).values("found")
    return Subquery(found, output_field=MomentField(null=True))


class DutyRegistry:
    """All duties of the site, by code; closed once the apps are ready."""

    def __init__(self) -> None:
        self._duties: dict[str, Duty] = {}
        self._closed = False

    def add(self, duty: type[Duty]) -> type[Duty]:
        """Register a duty (usable as a class decorator); a code used twice is an error."""
        if self._closed:
            raise RegistryClosed(code=duty.code)
        if duty.code in self._duties:
            raise DoubleDuty(code=duty.code)
        self._duties[duty.code] = duty()
        return duty

    def close(self) -> None:
        """Refuse further duties: what is owed does not depend on what was imported when."""
        self._closed = True

    def get(self, code: str) -> Duty:
        """Return the duty, or raise UnknownDuty."""
        try:
            return self._duties[code]
        except KeyError:
            raise UnknownDuty(code=code, known=", ".join(sorted(self._duties))) from None

    def __iter__(self) -> Iterator[Duty]:
        return iter(sorted(self._duties.values(), key=lambda duty: duty.code))

    def __len__(self) -> int:
        return len(self._duties)


class DoubleDuty(LianfangError):  # noqa: N818
    """Two duties have the code {code}."""

    code = "loop.double_duty"
    hint = "Give one of them another code."


class RegistryClosed(LianfangError):  # noqa: N818
    """The duty {code} came after the registry was closed."""

    code = "loop.registry_closed"
    hint = "Declare it in a module named duties.py of an installed app."


class UnknownDuty(LianfangError):  # noqa: N818
    """There is no duty {code}."""

    code = "loop.unknown_duty"
    hint = "Use one of: {known}."


duties = DutyRegistry()
