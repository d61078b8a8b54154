"""The base of every error that a user can act on.

A subclass's docstring is its English sentence and its `hint` says what to do now; both are translated when shown.
Each door renders them in one place: a form message, problem+json, one line on stderr.
"""

import re
from decimal import InvalidOperation
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import DataError, IntegrityError
from django.utils.translation import gettext


class LianfangError(Exception):
    """Something could not be done as asked."""

    code: ClassVar[str] = "common.error"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    hint: ClassVar[str] = ""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(str(self))

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """The translated sentence, with `{field}` places filled from the fields."""
        text = " ".join((type(self).__doc__ or "").split())
        return gettext(text).format_map(_Gaps(self.fields))

    @property
    def advice(self) -> str:
        """The translated hint: what the reader can do now."""
        return gettext(self.hint).format_map(_Gaps(self.fields)) if self.hint else ""


class _Gaps(dict[str, Any]):
    """Leaves `{name}` in the sentence where a field was not given, instead of failing while failing."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class NotVisible(LianfangError):  # noqa: N818 - read aloud it is a state, not an accident
    """There is no such {thing}, or it is not yours to see."""

    code = "common.not_visible"
    status = HTTPStatus.NOT_FOUND
    hint = "Check the address. If a record of another area must be read now, ask for emergency access with a reason."

    def __init__(self, *, thing: Any) -> None:
        super().__init__(thing=gettext(str(thing)) if thing else "")


class NotPermitted(LianfangError):  # noqa: N818
    """Your role does not allow {permission}."""

    code = "common.not_permitted"
    status = HTTPStatus.FORBIDDEN
    hint = "Ask the person who gives out roles in your unit."


class Refused(LianfangError):  # noqa: N818
    """The input was not accepted: {reason}"""  # noqa: D400 - the reason ends the sentence

    code = "common.refused"
    hint = "Correct the named field and send it again."


class NotYet(LianfangError):  # noqa: N818
    """It cannot have been so at {moment}: that moment has not come."""

    code = "common.not_yet"
    hint = "Correct the day or the hour; what is to come cannot be recorded as done or seen."


class OutOfRange(LianfangError):  # noqa: N818
    """A number or a day lies outside of what can be kept."""

    code = "common.out_of_range"
    hint = "Look for a day of another age or a number with too many digits, correct it and send it again."


class Impossible(LianfangError):  # noqa: N818
    """What was sent cannot be: it breaks the rule "{rule}"."""

    code = "common.impossible"
    hint = "Correct the number, day or word that the rule names, and send it again."


# What Python and the databases raise for values that cannot be kept.
UNFIT: tuple[type[Exception], ...] = (OverflowError, InvalidOperation, DataError, IntegrityError)
_CHECK = re.compile(r"CHECK constraint failed: (\w+)|violates check constraint \"(\w+)\"")


def why_unfit(fault: Exception) -> LianfangError | None:
    """Return what to tell of a value that cannot be kept; None where the fault is ours, as a key that should not exist."""
    if not isinstance(fault, IntegrityError):
        return OutOfRange()
    rule = _CHECK.search(str(fault))
    return Impossible(rule=(rule[1] or rule[2]).replace("_", " ")) if rule else None
