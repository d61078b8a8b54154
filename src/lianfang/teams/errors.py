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


class TeamOnceOnly(LianfangError):  # noqa: N818
    """{unit} has a team of the name {name} already."""

    code = "teams.name_taken"
    status = HTTPStatus.CONFLICT
    hint = "Choose another name."


class CodeTaken(LianfangError):  # noqa: N818
    """Another health worker has the code {worker}."""

    code = "teams.code_taken"
    status = HTTPStatus.CONFLICT
    hint = "Choose another code."


class NotHelped(LianfangError):  # noqa: N818
    """{place} does not lie in {area}."""

    code = "teams.pairing_outside"
    hint = "Name the places of this area that are helped; other areas begin their own round."


class NotInfected(LianfangError):  # noqa: N818
    """No infection of this health worker is on file that is not over."""

    code = "teams.not_infected"
    status = HTTPStatus.CONFLICT
    hint = "Nothing keeps this health worker from work."


class StillPatient(LianfangError):  # noqa: N818
    """The health worker is still a patient or under observation after discharge."""

    code = "teams.still_patient"
    status = HTTPStatus.CONFLICT
    hint = "The patient's page says what is missing until release."


class PaidAlready(LianfangError):  # noqa: N818
    """Some of these days have been paid to {worker} already."""

    code = "teams.paid_already"
    status = HTTPStatus.CONFLICT
    hint = "Choose days that have not been paid; the page of the team lists what was."


class NothingToPay(LianfangError):  # noqa: N818
    """{worker} has no shift on file on these days."""

    code = "teams.nothing_to_pay"
    status = HTTPStatus.CONFLICT
    hint = "An allowance is for days with a shift on file; choose other days, or enter the roster first."


class AmountNeedsReason(LianfangError):  # noqa: N818
    """By the rule the allowance is {amount}; another amount needs a reason."""

    code = "teams.amount_needs_reason"
    hint = "Leave the amount out to pay by the rule, or say why it is another."
