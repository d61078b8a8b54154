"""Errors of the loop."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class NoRootUnit(LianfangError):  # noqa: N818
    """No unit answers for the whole area, so a duty could be left with nobody."""

    code = "loop.no_root_unit"
    hint = "Create one unit without a parent, such as the national or provincial health authority."


class ProvedByRecord(LianfangError):  # noqa: N818
    """A word does not close this task: {sentence}"""  # noqa: D400 - the duty's sentence ends it

    code = "loop.proved_by_record"
    status = HTTPStatus.CONFLICT
    hint = "Enter the record itself ({subject}); the task closes by itself when it is there."


class TaskNotOpen(LianfangError):  # noqa: N818
    """The task is not open: {status}."""

    code = "loop.task_not_open"
    status = HTTPStatus.CONFLICT
    hint = "Reload the page: somebody else was faster, or nothing is owed any more."


class NotYours(LianfangError):  # noqa: N818
    """The task is answered for by {unit}."""

    code = "loop.not_yours"
    status = HTTPStatus.FORBIDDEN
    hint = "Ask that unit, or somebody who may do tasks in its area."


class CompletionGone(LianfangError):  # noqa: N818
    """The word was already taken back."""

    code = "loop.completion_gone"
    status = HTTPStatus.CONFLICT
    hint = "Reload the task."


class OwnWork(LianfangError):  # noqa: N818
    """A unit does not verify its own work."""

    code = "loop.own_work"
    status = HTTPStatus.FORBIDDEN
    hint = "The check belongs to {unit}."


class AlreadyDecided(LianfangError):  # noqa: N818
    """It was already decided so."""

    code = "loop.already_decided"
    status = HTTPStatus.CONFLICT
    hint = "Reload the page."


class EvidenceGone(LianfangError):  # noqa: N818
    """What was to be verified no longer stands: the task has other evidence now, or none."""

    code = "loop.evidence_gone"
    status = HTTPStatus.CONFLICT
    hint = "Reload the page; where there is new evidence there is a new check."


class ReasonMissing(LianfangError):  # noqa: N818
    """A reason is needed."""

    code = "loop.reason_missing"
    hint = "Say in one sentence why; the people concerned can read it."


class FindingGone(LianfangError):  # noqa: N818
    """The grounds of this finding have gone, so nothing is left to decide."""

    code = "loop.finding_gone"
    status = HTTPStatus.CONFLICT
    hint = "Reload the page."


class NotSheddable(LianfangError):  # noqa: N818
    """The duty {duty} is done by hand or late, never shed."""

    code = "loop.not_sheddable"
    hint = "Duties that can be shed: {sheddable}."


class PolicyNotPossible(LianfangError):  # noqa: N818
    """The policy cannot be: {reason}."""

    code = "loop.policy_not_possible"
    hint = "Ranked keeps a number of tasks per unit and day; a sample and a self-check keep a share from 0 to 100 percent."


class PolicyOver(LianfangError):  # noqa: N818
    """The policy has already ended."""

    code = "loop.policy_over"
    status = HTTPStatus.CONFLICT
    hint = "Reload the page."


class AddressRefused(LianfangError):  # noqa: N818
    """The address {url} is not one that messages are sent to: {reason}."""

    code = "loop.address_refused"
    hint = (
        "Give an http or https address in the open network; a receiver in the site's own network needs "
        "LIANFANG_WEBHOOK_PRIVATE=1."
    )
