"""Errors of contacts."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class ExposureOutOfOrder(LianfangError):  # noqa: N818
    """The meeting from {first} to {last} ends before it begins, or lies in the future."""

    code = "contacts.exposure_out_of_order"
    hint = "Check both days."


class ObservationClosed(LianfangError):  # noqa: N818
    """The observation of this contact has ended ({status})."""

    code = "contacts.closed"
    status = HTTPStatus.CONFLICT
    hint = "Withdraw the closing first if it was wrong."


class AlreadyIsolated(LianfangError):  # noqa: N818
    """The person is in isolation already at that time."""

    code = "contacts.already_isolated"
    status = HTTPStatus.CONFLICT
    hint = "End that stay first, or move the person."


class NoFreeBed(LianfangError):  # noqa: N818
    """There is no free place in {where} for that time."""

    code = "contacts.no_free_bed"
    status = HTTPStatus.CONFLICT
    hint = "Choose another room or site, or add places."


class BedInUse(LianfangError):  # noqa: N818
    """{n} places of {where} cannot be closed: people stay in them beyond that time."""

    code = "contacts.bed_in_use"
    status = HTTPStatus.CONFLICT
    hint = "Move them first, or close fewer."


class StayOver(LianfangError):  # noqa: N818
    """The stay has ended already."""

    code = "contacts.stay_over"
    status = HTTPStatus.CONFLICT
    hint = "Open the person again to see where they are."


class NotYetReleasable(LianfangError):  # noqa: N818
    """By {edition} the person cannot be released yet: {missing}."""

    code = "contacts.not_yet_releasable"
    status = HTTPStatus.CONFLICT
    hint = "Wait until the conditions hold. Whoever is answerable may decide otherwise, and gives a reason."


class ReasonNeeded(LianfangError):  # noqa: N818
    """A reason is needed."""

    code = "contacts.reason_needed"
    hint = "Say in a few words why."


class LinkUnknown(LianfangError):  # noqa: N818
    """The link is not valid, or no longer."""

    code = "contacts.link_unknown"
    status = HTTPStatus.NOT_FOUND
    hint = "Ask the person who looks after you for a new one."


class TooManyReports(LianfangError):  # noqa: N818
    """Too many reports came through this link within an hour."""

    code = "contacts.too_many_reports"
    status = HTTPStatus.TOO_MANY_REQUESTS
    hint = "Wait an hour. If you feel ill now, call the person who looks after you."


class NothingPasted(LianfangError):  # noqa: N818
    """Nobody could be read from what was pasted."""

    code = "contacts.nothing_pasted"
    hint = "Put one person on a line: name, telephone, relation, day of the last contact."
