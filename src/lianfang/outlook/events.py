"""What is recorded about the outlook."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class OutlookEvent(Tag):
    """What can happen to runs, links and foci."""

    RUN = "outlook.run", _("a computation was made")
    RUNS_DROPPED = "outlook.runs_dropped", _("superseded computations were deleted when their time was over")
    SOURCE_RULED = "outlook.source_ruled", _("a person decided on a link of a chain")
    RULING_WITHDRAWN = "outlook.ruling_withdrawn", _("a decision on a link was withdrawn")
    FOCI_DERIVED = "outlook.foci_derived", _("clusters and special places were derived")
    INSPECTED = "outlook.inspected", _("a special place or cluster was looked into")
