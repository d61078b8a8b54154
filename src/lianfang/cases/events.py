"""Audit tags of cases."""

from enum import StrEnum


class CaseEvent(StrEnum):
    """What can happen to a case, as one sentence each."""

    OPENED = "cases.case:opened"  # a case was opened
    CLASSIFIED = "cases.case:classified"  # a case's classification changed
    MOVED = "cases.case:moved"  # another area answers for the case
    REPORTED = "cases.report:recorded"  # a unit reported the case
    REVIEWED = "cases.review:recorded"  # a report was reviewed
    SIGNS_RECORDED = "cases.sign:recorded"  # signs of a case were recorded
    LINKED = "cases.epi_link:recorded"  # an exposure of a case was recorded
    SAMPLED = "cases.sample:recorded"  # a sample was taken, sent or received
    RESULT_RECORDED = "cases.result:recorded"  # a laboratory result was recorded
    INVESTIGATED = "cases.investigation:recorded"  # an investigation was completed
    RULED = "cases.ruling:recorded"  # a person decided what the case is
    ENDED = "cases.outcome:recorded"  # the outcome of a case was recorded
    WITHDRAWN = "cases.fact:withdrawn"  # a fact was withdrawn as wrong
    CORRECTED = "cases.fact:corrected"  # a fact was replaced by a corrected one
    SCREENED = "cases.screening:recorded"  # a reading asked for a look
    LOOKED_AT = "cases.screening:concluded"  # somebody looked at a reading
