"""Errors of the search of visits."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class NobodyAsks(LianfangError):  # noqa: N818
    """Visits are searched by a person who answers for it, never by the machine."""

    code = "discovery.nobody_asks"
    status = HTTPStatus.FORBIDDEN
    hint = "Sign in, or give the command --as LOGIN."


class NoPurpose(LianfangError):  # noqa: N818
    """A search of visits needs its purpose."""

    code = "discovery.no_purpose"
    hint = "Say in a few words what the search is for; it is recorded with the case."


class CaseNotOpen(LianfangError):  # noqa: N818
    """{case} is not an opened case ({classification})."""

    code = "discovery.case_not_open"
    status = HTTPStatus.CONFLICT
    hint = "Visits are searched only around suspected, probable, confirmed and symptom-free infected cases."


class NoWindow(LianfangError):  # noqa: N818
    """{case} has neither onset nor a positive sample, so no window can be worked out."""

    code = "discovery.no_window"
    hint = "Record the onset or the sample first; the window of the search is counted from it."


class WindowClosed(LianfangError):  # noqa: N818
    """The time in which visits of {case} may be searched ended on {ended}."""

    code = "discovery.window_closed"
    status = HTTPStatus.CONFLICT
    hint = "Nobody who was with the case then could still be under observation; interview instead."


class UnreadableVisits(LianfangError):  # noqa: N818
    """The file of visits cannot be read: {reason}."""

    code = "discovery.unreadable_visits"
    hint = "It needs the columns key, place, arrive (or at and way), and one of person, phone, national_id."
