"""Names that are on file in Chinese and in English: which of them a reader is shown."""

from typing import Any

from django.utils.translation import get_language


def called(thing: Any) -> str:
    """Return the name of a place, unit, ward, site or team: in English for who reads English, where one is on file.

    Nothing has no name: where a fact may lack its unit the answer is empty.
    """
    if not thing:
        return ""
    english = "" if (get_language() or "").startswith("zh") else getattr(thing, "name_en", "")
    return str(english or thing.name)
