"""The columns of a contact that a row can fill, the same for contacts and for relationships."""

from collections.abc import Mapping
from typing import Any

from lianfang.cases.targets.reading import as_moment
from lianfang.contacts.models import Contact

TEXTS = ("relation", "certainty")
MEETING_TEXTS = ("setting", "proximity")
# What widening may change, for `write_columns`.
WIDENED = (*TEXTS, "is_high_risk", "notified_at")


def texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of the row about the contact itself, cut to their columns."""
    return {name: text_of(values, name) for name in TEXTS}


def text_of(values: Mapping[str, Any], name: str) -> str:
    """Return one text of the row, cut to the column of that name."""
    return str(values.get(name) or "")[: length_of(name)]


def length_of(name: str) -> int:
    """Return how many characters the column takes."""
    field: Any = Contact._meta.get_field(name)  # noqa: SLF001 - Django's documented Meta API
    return int(field.max_length)


def is_high_risk(values: Mapping[str, Any]) -> bool:
    """Return whether the row says that the contact is at high risk."""
    return bool(values.get("high_risk")) or values.get("risk_level") == "high"


def widen(contact: Contact, values: Mapping[str, Any]) -> bool:
    """Put into a contact what the row says beyond it; return whether anything changed. Meetings are facts of their own."""
    before = [getattr(contact, name) for name in WIDENED]
    for name in TEXTS:
        if values.get(name):
            setattr(contact, name, text_of(values, name))
    contact.is_high_risk = contact.is_high_risk or is_high_risk(values)
    contact.notified_at = contact.notified_at or as_moment(values.get("notified_at"))
    return before != [getattr(contact, name) for name in WIDENED]
