"""What is recorded about regions."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class RegionsEvent(Tag):
    """What can happen to figures, outlines and grades of areas."""

    PUBLISHED = "regions.published", _("figures that areas published were taken")
    BOUNDARIES = "regions.boundaries", _("outlines of areas were taken")
    GRADED = "regions.graded", _("the risk grade of an area was decided")
    COMPUTED = "regions.computed", _("indicators, outlooks, grades and warnings of the areas were computed")
