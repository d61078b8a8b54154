"""What is told when an address is wrong, a form has grown old, or the software itself fails; for pages and for REST.

A failure is logged with a mark; the person is told the mark and the administrator finds the place by it. Nothing is
half-kept: each act is one transaction.
"""

import logging
import sys
from http import HTTPStatus
from secrets import token_hex

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext

from lianfang.api.door import problem
from lianfang.common.errors import LianfangError, NotVisible
from lianfang.web.door import show_error

log = logging.getLogger(__name__)


class FormOld(LianfangError):  # noqa: N818
    """The form was opened too long ago, or before you signed in."""

    code = "project.form_old"
    status = HTTPStatus.FORBIDDEN
    hint = "Go back, reload the page and send it again. If it happens each time, allow this site to keep cookies."


class Failed(LianfangError):  # noqa: N818
    """Something went wrong here, and nothing of what you sent was kept. Mark: {mark}."""

    code = "project.failed"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    hint = "Try again; if it fails again, give the mark to whoever looks after this site: the log names the fault under it."


class Busy(LianfangError):  # noqa: N818
    """The database did not answer in time, and nothing of what you sent was kept. Mark: {mark}."""

    code = "project.busy"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    hint = "Send it again in a minute."


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Answer an address that no page has."""
    return _answer(request, NotVisible(thing=gettext("page")))


def form_old(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Answer a form whose token does not fit."""
    return _answer(request, FormOld())


def failed(request: HttpRequest) -> HttpResponse:
    """Log what failed under a mark and tell it; a database that is busy or away is told as such."""
    fault = sys.exc_info()[1]
    mark = token_hex(4)
    who = getattr(getattr(request, "actor", None), "user_id", None)
    log.error("%s: %s %s by user %s", mark, request.method, request.path, who, exc_info=fault)
    error: LianfangError = Busy(mark=mark) if isinstance(fault, OperationalError) else Failed(mark=mark)
    if request.path.startswith("/api/"):
        answer = _answer(request, error)
    else:  # without the frame of the site, which asks the database
        text = render_to_string("web/failed.html", {"error": error})
        answer = HttpResponse(text, status=error.status)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer["Retry-After"] = "60"
    answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - else Django logs it once more, without the mark
    return answer


def _answer(request: HttpRequest, error: LianfangError) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem(int(error.status), error.code, error.sentence, hint=error.advice)
    return show_error(request, error)
