"""Errors of bulletins."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class NothingKnown(LianfangError):  # noqa: N818
    """There are no figures of {on} for this area."""

    code = "bulletins.nothing_known"
    status = HTTPStatus.CONFLICT
    hint = "Figures are held from {first} to {last}; compute those of the night with `lianfang regions run`."


class TooFewLive(LianfangError):  # noqa: N818
    """So few people live here that counts could tell of persons, and there is no area above with which they could be told."""

    code = "bulletins.too_few_live"
    status = HTTPStatus.CONFLICT
    hint = "Enter the area above and its residents in the register, or correct the number of residents of this one."


class EarlierForm(LianfangError):  # noqa: N818
    """The bulletin was drawn up before areas with few residents were told together, and is not told any more."""

    code = "bulletins.earlier_form"
    status = HTTPStatus.GONE
    hint = "Draw up a correction: it tells the same day with such areas joined."


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
    """The draft is no longer what would be told now: another bulletin of the day came between."""

    code = "bulletins.old_draft"
    status = HTTPStatus.CONFLICT
    hint = "Draw it up anew, look at it, and issue that."


class RemarkNeeded(LianfangError):  # noqa: N818
    """A correction says what was wrong."""

    code = "bulletins.remark_needed"
    hint = "Say in one or two sentences which figures change and why; this is printed."
