"""Errors of regions."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class NoIndicators(LianfangError):  # noqa: N818
    """No figures of this area have been computed yet."""

    code = "regions.no_indicators"
    status = HTTPStatus.NOT_FOUND
    hint = "They are computed each night, or at once by `lianfang regions run`; before that record a case or load published figures."


class ReasonNeeded(LianfangError):  # noqa: N818
    """A decision on an area needs a reason."""

    code = "regions.reason_needed"
    hint = "Say in one sentence what it rests on."


class NotAGrade(LianfangError):  # noqa: N818
    """The finding proposes no grade, or its grade was already decided."""

    code = "regions.not_a_grade"
    status = HTTPStatus.CONFLICT
    hint = "Open the area again and look at the grade that is proposed now."


class BadFigures(LianfangError):  # noqa: N818
    """The figures cannot be taken: {reason}."""

    code = "regions.bad_figures"
    hint = "Correct the named rows in the file and load it again; nothing of it was taken."


class BadBoundaries(LianfangError):  # noqa: N818
    """The outlines cannot be taken: {reason}."""

    code = "regions.bad_boundaries"
    hint = "Give GeoJSON with polygons in degrees of longitude and latitude (WGS 84) whose features carry the codes of places; nothing of the file was taken."


class NotGradable(LianfangError):  # noqa: N818
    """The edition of the risk grade counts cases by onset or without imported ones, which the facts on file do not tell apart."""

    code = "regions.not_gradable"
    hint = "Use an edition that counts cases by the day of report, imported ones included."
