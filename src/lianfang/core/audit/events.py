"""The acts on a whole site that are recorded."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class SiteEvent(Tag):
    """What is done to the site as a whole."""

    BACKED_UP = "audit.backed_up", _("the whole database was copied into a backup")
    RESTORED = "audit.restored", _("the database was brought back from a backup")
