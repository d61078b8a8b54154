"""Errors of resumption."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class GroundsNeeded(LianfangError):  # noqa: N818
    """A decision on a firm or a journey needs a reason."""

    code = "resumption.grounds_needed"
    hint = "Say in one sentence what it rests on."


class AlreadyDeclared(LianfangError):  # noqa: N818
    """The firm has declared already, and that stands."""

    code = "resumption.declared"
    status = HTTPStatus.CONFLICT
    hint = "Open the firm and look at what it declared."


class NothingOpen(LianfangError):  # noqa: N818
    """What was to be done was done already, or is not there to be taken back."""

    code = "resumption.nothing_open"
    status = HTTPStatus.CONFLICT
    hint = "Open it again and look at how it stands now."


class TooFull(LianfangError):  # noqa: N818
    """{n} people are more than the {most} that the bus may carry."""

    code = "resumption.too_full"
    hint = "Half of the seats may be used: take a larger bus, or a second one."


class NotReady(LianfangError):  # noqa: N818
    """The charter cannot depart: {reason}."""

    code = "resumption.not_ready"
    status = HTTPStatus.CONFLICT
    hint = "Check every traveller; who has fever does not travel and is taken off the list."


class NobodyNamed(LianfangError):  # noqa: N818
    """No line of the list has a name."""

    code = "resumption.nobody_named"
    hint = "Paste one person on a line, with the name and, if known, the telephone."


class BadJourney(LianfangError):  # noqa: N818
    """The journey does not fit: {reason}."""

    code = "resumption.bad_journey"
    hint = "It goes from one place to another and arrives after it departs."
