"""What can go wrong with users, roles and signing in."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class SignInFailed(LianfangError):  # noqa: N818
    """Name or password is wrong."""

    code = "access.sign_in_failed"
    status = HTTPStatus.UNAUTHORIZED
    hint = "Try again. Whoever gives out roles in your unit can set a new password."


class TooManyAttempts(LianfangError):  # noqa: N818
    """Too many failed attempts: wait {seconds} seconds."""

    code = "access.too_many_attempts"
    status = HTTPStatus.TOO_MANY_REQUESTS
    hint = "Wait, then try again with care; each further failure doubles the wait."


class LoginTaken(LianfangError):  # noqa: N818
    """There is already a user {login}."""

    code = "access.login_taken"
    status = HTTPStatus.CONFLICT
    hint = "Choose another name for signing in."


class WeakPassword(LianfangError):  # noqa: N818
    """The password was not accepted: {reason}"""  # noqa: D400 - the reason ends the sentence

    code = "access.weak_password"
    hint = "Use ten characters or more that are not a common password."


class OwnRole(LianfangError):  # noqa: N818
    """Nobody gives a role to themselves."""

    code = "access.own_role"
    status = HTTPStatus.FORBIDDEN
    hint = "Ask another administrator, or the one of the area above."


class UnknownUser(LianfangError):  # noqa: N818
    """Nobody signs in as {login}."""

    code = "access.unknown_user"
    status = HTTPStatus.NOT_FOUND
    hint = "Check the name; `lianfang users list` shows those there are."


class KeyReused(LianfangError):  # noqa: N818
    """The key {key} was used for another request."""

    code = "access.key_reused"
    status = HTTPStatus.CONFLICT
    hint = "Choose a new Idempotency-Key for each act; use the same one only to send the very same request again."


class BadRequestKey(LianfangError):  # noqa: N818
    """The Idempotency-Key has more than {most} characters."""

    code = "access.bad_request_key"
    status = HTTPStatus.BAD_REQUEST
    hint = "Use a random one, such as a UUID."


class ShownOnce(LianfangError):  # noqa: N818
    """The same request was answered before under this key; what it showed is a secret, shown once and kept nowhere."""

    code = "access.shown_once"
    status = HTTPStatus.CONFLICT
    hint = "If the answer was lost, ask under a new Idempotency-Key, and revoke what the first request made."


class NotHeldNow(LianfangError):  # noqa: N818
    """It has ended already."""

    code = "access.not_held_now"
    status = HTTPStatus.CONFLICT
    hint = "Open the list again to see what is in force."


class ReasonTooShort(LianfangError):  # noqa: N818
    """Emergency access needs a reason of at least {least} characters."""

    code = "access.reason_too_short"
    hint = "Say which patient or event makes it urgent; the supervisor of the area will read it."


class AlreadyYours(LianfangError):  # noqa: N818
    """{place} is in your own area: emergency access is not needed."""

    code = "access.already_yours"
    status = HTTPStatus.CONFLICT
    hint = "Open the record in the ordinary way. If a role is missing, ask who gives out roles in your unit."


class OwnEmergency(LianfangError):  # noqa: N818
    """Nobody reviews their own emergency access."""

    code = "access.own_emergency"
    status = HTTPStatus.FORBIDDEN
    hint = "Another supervisor of the area, or of the area above, reviews it."
