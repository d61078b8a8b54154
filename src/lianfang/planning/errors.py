"""Errors of planning."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class LineDecided(LianfangError):  # noqa: N818
    """Somebody has decided on this line already ({decision})."""

    code = "planning.line_decided"
    status = HTTPStatus.CONFLICT
    hint = "Make a new proposal; it starts from what holds now."


class PlannedAnew(LianfangError):  # noqa: N818
    """The line was planned anew since you read it."""

    code = "planning.planned_anew"
    status = HTTPStatus.CONFLICT
    hint = "Read the proposal again; requests or beds have changed."
