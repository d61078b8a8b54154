"""Two column types on which speed rests: moments as integers, places as sortable paths.

Epoch seconds keep time arithmetic in plain SQL on SQLite and PostgreSQL alike (Django's own date arithmetic on
SQLite calls Python for every row). Paths make "within this county" one index range.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, ExpressionWrapper, F, Lookup, Value
from django.db.models.expressions import Combinable
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:  # Django's fields take type arguments in its stubs only
    # What is read is a datetime, or None where null=True: the stubs cannot tell, so readers are not told either.
    _Moments = models.Field[datetime | str | None, Any]
    _Lookup = Lookup[str]
else:
    _Moments = models.Field
    _Lookup = Lookup


class MomentField(_Moments):
    """A moment in UTC to the second, stored as epoch seconds; naive datetimes are refused."""

    description = "Moment (epoch seconds)"

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def from_db_value(self, value: int | None, *_args: object) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def to_python(self, value: Any) -> datetime | None:
        if value is None or value == "":
            return None
        if isinstance(value, int):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            value = (
                datetime.fromtimestamp(int(value), UTC)
                if value.lstrip("-").isdigit()
                else parse_datetime(value)
            )
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ValidationError(_("Give the moment with its time zone, such as 2020-02-12T18:00:00+08:00."))
        return value.astimezone(UTC).replace(microsecond=0)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if isinstance(value, int) or value is None:
            return value
        moment = self.to_python(value)
        return None if moment is None else int(moment.timestamp())

    def value_to_string(self, obj: models.Model) -> str:
        moment = self.value_from_object(obj)
        return "" if moment is None else moment.isoformat()

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"form_class": forms.DateTimeField, **kwargs})


def later(moment: str | Combinable, *, hours: float = 0, days: float = 0) -> "ExpressionWrapper[Any]":
    """Return the expression `moment` + hours + days, computed by the database as integer arithmetic."""
    start = F(moment) if isinstance(moment, str) else moment
    seconds = Value(round(hours * 3600 + days * 86400), output_field=BigIntegerField())
    return ExpressionWrapper(start + seconds, output_field=MomentField())


class PathField(models.CharField):  # type: ignore[type-arg]
    """The path of a place, `CN.42.4201.420106.`: every prefix is an ancestor, and the order is bytewise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters: dict[str, Any] = dict(super().db_parameters(connection))
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"  # else a range over a prefix cannot use the index
        return parameters


@PathField.register_lookup
class Within(_Lookup):
    """`path__within="CN.42."`: the place itself and everything below it, as one index range."""

    lookup_name = "within"

    def get_prep_lookup(self) -> str:
        prefix = str(self.rhs)
        if prefix and not prefix.endswith("."):
            raise ValueError(f"path__within must be a path that ends with a dot. Got {prefix!r}.")
        return prefix

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        prefix = self.rhs
        if not prefix:  # the root: everything
            return "1 = 1", ()
        upper = f"{prefix[:-1]}/"  # '/' is the byte after '.'
        return f"{column} >= %s AND {column} < %s", (*params, prefix, *params, upper)


@PathField.register_lookup
class Inside(Within):
    """`path__inside="CN.42."`: the same rows as `within`; SQLite reads them by another index than that of the path.

    PostgreSQL chooses by its statistics, which SQLite does not have.
    """

    lookup_name = "inside"

    def process_lhs(self, compiler: Any, connection: BaseDatabaseWrapper, lhs: Any = None) -> tuple[str, Any]:
        column, params = super().process_lhs(compiler, connection, lhs)
        return (f"+{column}" if connection.vendor == "sqlite" else column), params


@models.CharField.register_lookup
class Begins(_Lookup):
    """`number__begins="C01"`: case-sensitive, by the index on both databases (SQLite has none for `startswith`)."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        prefix = str(self.rhs)
        if connection.vendor == "sqlite":
            return f"{column} >= %s AND {column} < %s", (*params, prefix, *params, f"{prefix}\U0010ffff")
        return f"{column} LIKE %s", (*params, f"{connection.ops.prep_for_like_query(prefix)}%")


JsonObject = Mapping[str, Any]
