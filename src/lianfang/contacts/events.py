"""What is recorded about contacts."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class ContactEvent(Tag):
    """What can happen to a contact."""

    NAMED = "contacts.named", _("a person was named as a contact")
    EXPOSED = "contacts.exposed", _("a meeting with the case was recorded or corrected")
    NOTIFIED = "contacts.notified", _("the person was told and placed under observation")
    OBSERVED = "contacts.observed", _("the person was visited, or not found")
    CHANGED = "contacts.changed", _("what is known of the contact was corrected")
    CLOSED = "contacts.closed", _("a person ended the observation early, with a reason")
    STATUS = "contacts.status", _("the observation's status changed by rule")
    WITHDRAWN = "contacts.withdrawn", _("an entry was withdrawn as wrong")
