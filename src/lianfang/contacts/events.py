"""Audit tags of contacts."""

from enum import StrEnum


class ContactEvent(StrEnum):
    """What can happen to a contact, as one sentence each."""

    NAMED = "contacts.contact:named"  # a person was named as a contact
    NOTIFIED = "contacts.contact:notified"  # the person was told and placed under observation
    OBSERVED = "contacts.observation:recorded"  # the person was visited, or not found
    CHANGED = "contacts.contact:changed"  # what is known of the contact was corrected
    CLOSED = "contacts.contact:closed"  # a person ended the observation early, with a reason
    STATUS = "contacts.contact:status"  # the observation's status changed by rule
    WITHDRAWN = "contacts.fact:withdrawn"  # an entry was withdrawn as wrong
