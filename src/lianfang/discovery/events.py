"""What is recorded about visits and the searches of them."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class DiscoveryEvent(Tag):
    """What can happen to visits."""

    TAKEN = "discovery.visits_taken", _("visits were taken in")
    SEARCHED = "discovery.searched", _("visits around a case were searched, for a purpose")
    NAMED = "discovery.named", _("a confirmed finding named a contact")
    RESULTS_DROPPED = "discovery.results_dropped", _("the results of a search were deleted")
    DAY_DROPPED = "discovery.day_dropped", _("a day of visits was deleted")
