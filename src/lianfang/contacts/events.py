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
    SUSPECTED = "contacts.suspected", _("a contact became a suspected case")
    SWABBED = "contacts.swabbed", _("a specimen was taken from a contact, or its result came in")
    SITE_OPENED = "contacts.site_opened", _("an isolation site was opened")
    BEDS_CHANGED = "contacts.beds_changed", _("places of an isolation site were added or closed")
    PLACED = "contacts.placed", _("a person was placed in isolation")
    RELEASED = "contacts.released", _("a stay in isolation ended")
    STAY_REOPENED = (
        "contacts.stay_reopened",
        _("a stay in isolation is open again: the import that ended it was taken back"),
    )
    LIAISON_NAMED = "contacts.liaison_named", _("a person in isolation was given a named contact person")
    ATTENDED = "contacts.attended", _("a person in isolation was visited or called")
    SUPPLIED = "contacts.supplied", _("a person in isolation was supplied")
    LINK_MADE = "contacts.self_link_made", _("a link for reporting oneself was made")
    LINK_REVOKED = "contacts.self_link_revoked", _("a link for reporting oneself was revoked")
    SELF_REPORTED = "contacts.self_reported", _("a person under observation reported")
