"""What is recorded about bulletins."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class BulletinEvent(Tag):
    """What can happen to a bulletin."""

    DRAWN_UP = "bulletins.drawn_up", _("a bulletin was drawn up")
    ISSUED = "bulletins.issued", _("a bulletin was issued")
    CORRECTED = "bulletins.corrected", _("a bulletin was corrected by a later one")
