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
