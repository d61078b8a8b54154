"""Errors of teams."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class TeamElsewhere(LianfangError):  # noqa: N818
    """The team already works at {unit}."""

    code = "teams.elsewhere"
    status = HTTPStatus.CONFLICT
    hint = "End that deployment first."


class WorkerBusy(LianfangError):  # noqa: N818
    """{worker} has another shift at that time."""

    code = "teams.worker_busy"
    status = HTTPStatus.CONFLICT
    hint = "Choose another time, or withdraw the other shift."


class NotDeployed(LianfangError):  # noqa: N818
    """The team works nowhere now."""

    code = "teams.not_deployed"
    status = HTTPStatus.CONFLICT
    hint = "Deploy the team first; a roster is made for the facility where it works."


class RosterDecided(LianfangError):  # noqa: N818
    """Somebody has decided on this roster already ({decision})."""

    code = "teams.roster_decided"
    status = HTTPStatus.CONFLICT
    hint = "Make a new one; it starts from what holds now."


class AlreadyAnswered(LianfangError):  # noqa: N818
    """The consultation was answered."""

    code = "teams.answered"
    status = HTTPStatus.CONFLICT
    hint = "Ask again if something is still open."
