"""Audit tags of the loop."""

from enum import StrEnum


class LoopEvent(StrEnum):
    """What can happen in the loop by somebody's hand, as one sentence each."""

    COMPLETED = "loop.task:completed"  # somebody said that a task was done
    COMPLETION_WITHDRAWN = "loop.task:completion_withdrawn"  # the word that a task was done was taken back
    ACCEPTED = "loop.verification:accepted"  # a second unit accepted a doing
    REJECTED = "loop.verification:rejected"  # a second unit rejected a doing; the task is open again
    PROPOSED = "loop.finding:proposed"  # the machine proposed findings
    JUDGED = "loop.finding:judged"  # a person decided on a finding
    POLICY_ADOPTED = "loop.policy:adopted"  # part of a duty is not done by hand for a time
    POLICY_ENDED = "loop.policy:ended"  # a policy of shedding ended before its time
    MESSAGE_READ = "loop.message:read"  # a message was read
