"""Errors of the outlook."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class NotALink(LianfangError):  # noqa: N818
    """{source} cannot be the source of {case}: {reason}."""

    code = "outlook.not_a_link"
    hint = "Name another case of the same disease, or say that the source lies outside."


class ClosesACircle(LianfangError):  # noqa: N818
    """{source} stands below {case} in confirmed links, so that the case would be its own source."""

    code = "outlook.closes_a_circle"
    status = HTTPStatus.CONFLICT
    hint = "Withdraw one of the confirmed links of the circle first."


class RulingGone(LianfangError):  # noqa: N818
    """The decision was already withdrawn or replaced."""

    code = "outlook.ruling_gone"
    status = HTTPStatus.CONFLICT
    hint = "Open the case again and look at the decision that holds now."


class ReasonNeeded(LianfangError):  # noqa: N818
    """A decision on a link needs a reason."""

    code = "outlook.reason_needed"
    hint = "Say in one sentence what it rests on, such as an interview or a sequence."
