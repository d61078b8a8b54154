"""Errors of measures."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class WhyNeeded(LianfangError):  # noqa: N818
    """A decision on measures needs a reason."""

    code = "measures.why_needed"
    hint = "Say in one sentence what it rests on."


class UnknownMeasure(LianfangError):  # noqa: N818
    """The rulebook in force knows no measure {kind}."""

    code = "measures.unknown"
    hint = "Use one of: {known}."


class AlreadyInForce(LianfangError):  # noqa: N818
    """The measure is already in force in the area."""

    code = "measures.in_force"
    status = HTTPStatus.CONFLICT
    hint = "Look at the measure in force; extend it at its review, or end it first."


class NotInForce(LianfangError):  # noqa: N818
    """What was to be changed is no longer in force."""

    code = "measures.not_in_force"
    status = HTTPStatus.CONFLICT
    hint = "Open the list again and look at what is in force now."


class BadDates(LianfangError):  # noqa: N818
    """The dates do not fit: {reason}."""

    code = "measures.bad_dates"
    hint = (
        "A measure begins, is looked at again later, and ends neither before its beginning nor in the future."
    )


class NotASwitch(LianfangError):  # noqa: N818
    """The finding proposes no change of measures, or its grade is no longer in force."""

    code = "measures.not_a_switch"
    status = HTTPStatus.CONFLICT
    hint = "Open the list of measures again and look at what is proposed now."


class WrongState(LianfangError):  # noqa: N818
    """The plan is {status}; this cannot be done with it."""

    code = "measures.wrong_state"
    status = HTTPStatus.CONFLICT
    hint = "A draft is written and approved, an approved plan is drilled, switched on and revised."


class EmptyPlan(LianfangError):  # noqa: N818
    """A plan without a measure and without a step asks nothing of anybody."""

    code = "measures.empty_plan"
    hint = "Add at least one step or measure, then approve it."


class OutsidePlan(LianfangError):  # noqa: N818
    """The area does not lie in that of the plan."""

    code = "measures.outside_plan"
    hint = "Choose the area of the plan or one below it, or write a plan for the area."


class AlreadyOn(LianfangError):  # noqa: N818
    """The plan is already switched on in an area that holds this one or lies in it."""

    code = "measures.already_on"
    status = HTTPStatus.CONFLICT
    hint = "Look at the running activation; switch it off before you switch the plan on anew."


class NoSuchReport(LianfangError):  # noqa: N818
    """The report does not hold any more."""

    code = "measures.no_report"
    status = HTTPStatus.CONFLICT
    hint = "Look at the reports that hold now."


class NotYourWork(LianfangError):  # noqa: N818
    """The work is owed by another unit."""

    code = "measures.not_your_work"
    status = HTTPStatus.FORBIDDEN
    hint = "The unit that answers for it reports it, or somebody whose role covers the area."


class NothingAsked(LianfangError):  # noqa: N818
    """The scenario cannot be computed: {reason}."""

    code = "measures.nothing_asked"
    hint = "Change at least one thing, within its limits; a measure can end only if you say what it leaves of the contacts."
