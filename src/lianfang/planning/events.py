"""What is recorded about proposals."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class PlanningEvent(Tag):
    """What can happen to a proposal."""

    PROPOSED = "planning.proposed", _("the machine proposed who goes to which bed")
    REPLANNED = "planning.replanned", _("the machine planned the open lines of a proposal anew")
    DECIDED = "planning.decided", _("a person decided on a line of a proposal")
