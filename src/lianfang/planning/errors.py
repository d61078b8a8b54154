"""Errors of planning."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class LineDecided(LianfangError):  # noqa: N818
    """Somebody has decided on this line already ({decision})."""

    code = "planning.line_decided"
    status = HTTPStatus.CONFLICT
    hint = "Make a new proposal; it starts from what holds now."
