"""What reading one cell gives: a value, or why there is none."""

from dataclasses import dataclass
from typing import Any

from lianfang.intake.table import Severity


@dataclass(frozen=True, slots=True)
class Read:
    """The value of a cell; `rule` names the change where it is more than a change of type, such as `sex.spelling`."""

    value: Any
    rule: str = ""
    warning: str = ""  # a rule code: the value is taken, and listed
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a cell has no value, and what to do."""

    rule: str
    hint: str
    severity: Severity = Severity.ERROR


NOTHING = Read(None)
Outcome = Read | Unreadable
