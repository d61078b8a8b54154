"""What is recorded about cases."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class CaseEvent(Tag):
    """What can happen to a case."""

    OPENED = "cases.opened", _("a case was opened")
    CLASSIFIED = "cases.classified", _("a case's classification changed")
    MOVED = "cases.moved", _("another area answers for the case")
    REPORTED = "cases.reported", _("a unit reported the case")
    REVIEWED = "cases.reviewed", _("a report was reviewed")
    SIGNS_RECORDED = "cases.signs_recorded", _("signs of a case were recorded")
    LINKED = "cases.linked", _("an exposure of a case was recorded")
    SAMPLED = "cases.sampled", _("a sample was taken, sent or received")
    RESULT_RECORDED = "cases.result_recorded", _("a laboratory result was recorded")
    INVESTIGATED = "cases.investigated", _("an investigation was completed")
    RULED = "cases.ruled", _("a person decided what the case is")
    ENDED = "cases.ended", _("the outcome of a case was recorded")
    WITHDRAWN = "cases.withdrawn", _("a fact was withdrawn as wrong")
    CORRECTED = "cases.corrected", _("a fact was replaced by a corrected one")
    SCREENED = "cases.screened", _("a reading asked for a look")
    LOOKED_AT = "cases.looked_at", _("somebody looked at a reading")
