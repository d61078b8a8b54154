"""Errors of intake."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class Unreadable(LianfangError):  # noqa: N818
    """The file cannot be read: {reason}"""  # noqa: D400 - the reason ends the sentence

    code = "intake.unreadable"
    hint = "{advice}"


class NotTakenIn(LianfangError):  # noqa: N818
    """The file was recognised and is not taken in here: {title}."""

    code = "intake.not_taken_in"
    hint = "{advice}"


class WrongFormat(LianfangError):  # noqa: N818
    """The file is not of the format {wanted}; it looks like {found}."""

    code = "intake.wrong_format"
    hint = "Leave the format out, and it is found out; or send the file that was meant."


class UnknownMapping(LianfangError):  # noqa: N818
    """No mapping is remembered under the name {name}."""

    code = "intake.unknown_mapping"
    hint = "See `lianfang imports mappings` for those there are."


class BadMapping(LianfangError):  # noqa: N818
    """The mapping cannot be used: {reason}."""

    code = "intake.bad_mapping"
    hint = "Give each column at most one field, and each field at most one column."


class NoMapping(LianfangError):  # noqa: N818
    """Nobody has confirmed yet which column is which field."""

    code = "intake.no_mapping"
    status = HTTPStatus.CONFLICT
    hint = "Look at the proposed mapping, correct it where needed, and confirm it."


class UnknownTarget(LianfangError):  # noqa: N818
    """There is no target {code}."""

    code = "intake.unknown_target"
    hint = "Use one of: {known}."


class DoubleTarget(LianfangError):  # noqa: N818
    """Two targets have the code {code}."""

    code = "intake.double_target"
    hint = "Give one of them another code."


class RegisterClosed(LianfangError):  # noqa: N818
    """The target {code} came after the register was closed."""

    code = "intake.register_closed"
    hint = "Declare it in a module named targets.py of an installed app."


class BatchUndone(LianfangError):  # noqa: N818
    """The import {name} was undone."""

    code = "intake.undone"
    status = HTTPStatus.CONFLICT
    hint = "Send the file again: it is then a new import."


class NoUnit(LianfangError):  # noqa: N818
    """A new source needs a unit that it belongs to."""

    code = "intake.no_unit"
    hint = "Name the unit that sends; it hears what becomes of its rows."


class NotParked(LianfangError):  # noqa: N818
    """The row is not parked; it is {status}."""

    code = "intake.not_parked"
    status = HTTPStatus.CONFLICT
    hint = "Only parked rows can be repaired or set aside. Correct an accepted row in its record."


class NoReason(LianfangError):  # noqa: N818
    """A reason must be given."""

    code = "intake.no_reason"
    hint = "Say in a few words why."


class UnknownShape(LianfangError):  # noqa: N818
    """There is no form {shape}."""

    code = "intake.unknown_shape"
    hint = "Forms are: {known}."


class NoShape(LianfangError):  # noqa: N818
    """The form {shape} has no {target}."""

    code = "intake.no_shape"
    hint = "It has: {known}. Our own form has everything."


class SourceElsewhere(LianfangError):  # noqa: N818
    """The source {code} belongs to a unit outside your area."""

    code = "intake.source_elsewhere"
    status = HTTPStatus.CONFLICT
    hint = "Choose another short name for your source."
