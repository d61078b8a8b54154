"""Errors of contacts."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class ContactBeforeCase(LianfangError):  # noqa: N818
    """The last contact on {last} is before the window that opens on {opens}."""

    code = "contacts.before_window"
    hint = "Check the dates; by the edition in force only contacts within the window count."


class ObservationClosed(LianfangError):  # noqa: N818
    """The observation of this contact has ended ({status})."""

    code = "contacts.closed"
    status = HTTPStatus.CONFLICT
    hint = "Withdraw the closing first if it was wrong."
