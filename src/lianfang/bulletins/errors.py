"""Errors of bulletins."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class NothingKnown(LianfangError):  # noqa: N818
    """There are no figures of {on} for this area."""

    code = "bulletins.nothing_known"
    status = HTTPStatus.CONFLICT
    hint = "Figures are held from {first} to {last}; compute those of the night with `lianfang regions run`."


class AlreadyIssued(LianfangError):  # noqa: N818
    """The bulletin was issued, and what was issued is not changed."""

    code = "bulletins.issued"
    status = HTTPStatus.CONFLICT
    hint = "Draw up a correction: it is issued beside it and says why."


class NotIssued(LianfangError):  # noqa: N818
    """Only a bulletin that was issued and holds can be corrected."""

    code = "bulletins.not_issued"
    status = HTTPStatus.CONFLICT
    hint = "A draft is drawn up anew instead; of a corrected bulletin the newest version is corrected."


class OldDraft(LianfangError):  # noqa: N818
    """The draft is no longer what would be told now: another bulletin of the area came between."""

    code = "bulletins.old_draft"
    status = HTTPStatus.CONFLICT
    hint = "Draw it up anew, look at it, and issue that."


class RemarkNeeded(LianfangError):  # noqa: N818
    """A correction says what was wrong."""

    code = "bulletins.remark_needed"
    hint = "Say in one or two sentences which figures change and why; this is printed."
