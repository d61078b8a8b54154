"""What is recorded about measures and plans."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class MeasureEvent(Tag):
    """What can happen to measures, response levels and plans."""

    BEGUN = "measures.begun", _("a measure was decided")
    REVIEWED = "measures.reviewed", _("a measure was looked at again")
    ENDED = "measures.ended", _("a measure was ended")
    SWITCHED = "measures.switched", _("the measures of a confirmed grade were decided on")
    WORKED = "measures.worked", _("work of a measure or plan was reported, or the report withdrawn")
    ASSIGNED = "measures.assigned", _("work of measures was laid out over the places")
    LEVEL = "measures.level", _("the response level of an area was set or ended")
    PLANNED = "measures.planned", _("a response plan was written or changed")
    APPROVED = "measures.approved", _("a response plan was approved")
    DRILLED = "measures.drilled", _("a response plan was drilled on invented data")
    ACTIVATED = "measures.activated", _("a response plan was switched on")
    DEACTIVATED = "measures.deactivated", _("a response plan was switched off")
    ASKED = "measures.asked", _("a scenario was asked for")
    COMPUTED = "measures.computed", _("a scenario was computed")
