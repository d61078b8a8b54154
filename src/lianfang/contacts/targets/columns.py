"""The columns of a contact that a row can fill or widen, the same for contacts and for relationships."""

from collections.abc import Mapping
from typing import Any

from lianfang.cases.targets.reading import as_day, as_moment
from lianfang.contacts.models import Contact

TEXTS = ("setting", "relation", "proximity", "certainty")
# What widening may change, for `write_columns`.
WIDENED = ("first_contact_on", "last_contact_on", *TEXTS, "is_high_risk", "notified_at", "observe_until_on")


def texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of the row, cut to their columns."""
    return {name: str(values.get(name) or "")[: length_of(name)] for name in TEXTS}


def length_of(name: str) -> int:
    """Return how many characters the column takes."""
    field: Any = Contact._meta.get_field(name)  # noqa: SLF001 - Django's documented Meta API
    return int(field.max_length)


def is_high_risk(values: Mapping[str, Any]) -> bool:
    """Return whether the row says that the contact is at high risk."""
    return bool(values.get("high_risk")) or values.get("risk_level") == "high"


def widen(contact: Contact, values: Mapping[str, Any]) -> bool:
    """Put into a contact what the row says beyond it; return whether anything changed. Days of contact only widen."""
    before = [
        getattr(contact, n)
        for n in (*TEXTS, "first_contact_on", "last_contact_on", "is_high_risk", "notified_at")
    ]
    for name in TEXTS:
        if values.get(name):
            setattr(contact, name, str(values[name])[: length_of(name)])
    first, last = as_day(values.get("first_contact_on")), as_day(values.get("last_contact_on"))
    contact.first_contact_on = min(filter(None, (contact.first_contact_on, first)), default=None)
    if last and last > contact.last_contact_on:
        contact.last_contact_on = last
        contact.observe_until_on = None  # derived again at once
    contact.is_high_risk = contact.is_high_risk or is_high_risk(values)
    contact.notified_at = contact.notified_at or as_moment(values.get("notified_at"))
    return before != [
        getattr(contact, n)
        for n in (*TEXTS, "first_contact_on", "last_contact_on", "is_high_risk", "notified_at")
    ]
