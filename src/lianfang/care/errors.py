"""Errors of care."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class BedTaken(LianfangError):  # noqa: N818
    """Somebody else has this bed at that time."""

    code = "care.bed_taken"
    status = HTTPStatus.CONFLICT
    hint = "Choose another bed; the board shows which are free now."


class PatientElsewhere(LianfangError):  # noqa: N818
    """The patient already lies in another bed at that time."""

    code = "care.patient_elsewhere"
    status = HTTPStatus.CONFLICT
    hint = "End that stay first, or ask for a transfer."


class OutsideBedTime(LianfangError):  # noqa: N818
    """The bed is not in use during all of that time."""

    code = "care.outside_bed_time"
    status = HTTPStatus.CONFLICT
    hint = "Choose a bed that is open, or change from when to when it is."


class BedNotFree(LianfangError):  # noqa: N818
    """The bed is being cleaned, repaired, or kept for somebody else."""

    code = "care.bed_not_free"
    status = HTTPStatus.CONFLICT
    hint = "Choose another bed, or end what keeps it."


class NoBedFree(LianfangError):  # noqa: N818
    """The ward {ward} has no free bed at that time."""

    code = "care.no_bed_free"
    status = HTTPStatus.CONFLICT
    hint = "Choose another ward; the board shows which have free beds."


class WardDoesNotSuit(LianfangError):  # noqa: N818
    """The ward {ward} does not suit this patient: {reason}."""

    code = "care.ward_does_not_suit"
    hint = "Choose a ward for this severity, cohort and sex, or a single room."


class RequestClosed(LianfangError):  # noqa: N818
    """The request for a bed is closed."""

    code = "care.request_closed"
    status = HTTPStatus.CONFLICT
    hint = "Ask anew if a bed is still needed."


class NotInside(LianfangError):  # noqa: N818
    """The patient lies in no bed."""

    code = "care.not_inside"
    status = HTTPStatus.CONFLICT
    hint = "Lay the patient in a bed first."


class LayElsewhereLater(LianfangError):  # noqa: N818
    """The patient lay down in another bed after that moment."""

    code = "care.lay_elsewhere_later"
    status = HTTPStatus.CONFLICT
    hint = "Give the moment at which the patient left the last bed."


class CriteriaMissing(LianfangError):  # noqa: N818
    """The discharge criteria of the edition in force are not met: {missing}."""

    code = "care.criteria_missing"
    status = HTTPStatus.CONFLICT
    hint = "Record what is missing, or give the reason for which the patient leaves all the same."


class WardInUse(LianfangError):  # noqa: N818
    """The ward {ward} cannot be closed: {n} beds are occupied or kept for somebody."""

    code = "care.ward_in_use"
    status = HTTPStatus.CONFLICT
    hint = "Move the patients first, or bring the number of beds down as they leave."


class SharedWithSuspected(LianfangError):  # noqa: N818
    """A ward of shared rooms takes confirmed patients only."""

    code = "care.suspected_lie_alone"
    hint = "Choose single rooms, or the cohort “confirmed”."


class StepOutOfOrder(LianfangError):  # noqa: N818
    """A step of the way cannot be earlier than the one before it, nor later than now."""

    code = "care.step_out_of_order"
    hint = "Correct the time."


class NoBedGiven(LianfangError):  # noqa: N818
    """No bed has been given to this request yet."""

    code = "care.no_bed_given"
    status = HTTPStatus.CONFLICT
    hint = "The way begins when a bed has been given; the bed desk gives it."
