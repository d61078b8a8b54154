"""Our own form: a first column that names the record and its version, then field codes; nothing is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from lianfang.intake.formats.own import MARK, mark_of
from lianfang.intake.shapes.base import Places, Shape, Sheet, Values
from lianfang.intake.target import Target


@dataclass(frozen=True)
class OwnSheet(Sheet):
    """The columns of a target under their field codes."""

    target: Target

    def head(self) -> Sequence[Sequence[str]]:
        return [[MARK, *self.target.columns()]]

    @cached_property
    def _turns(self) -> dict[str, int]:
        return {name: turn for turn, name in enumerate(self.target.columns(), start=1)}

    def cells(self, row: Values, places: Places) -> list[str]:  # noqa: ARG002
        turns = self._turns
        line = [""] * (len(turns) + 1)
        line[0] = mark_of(self.target.code)
        for name, value in row.items():  # a record fills a few of a hundred columns
            if value is not None and name in turns:
                line[turns[name]] = value if type(value) is str else as_cell(value)
        return line


# Its sheets are those of the register: every target has one.
OWN = Shape("lianfang", _("Lianfang (complete, comes back unchanged)"), with_mark=True)


def as_cell(value: Any) -> str:
    """Return a value as it is written in our files: ISO dates, moments with their zone, yes and no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value) if not value.is_integer() else str(int(value))
    return str(value)
