"""Names that are on file in Chinese and in English: which of them a reader is shown."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language


def is_chinese() -> bool:
    """Return whether the reader reads Chinese."""
    return (get_language() or "").startswith("zh")


def called(thing: Any) -> str:
    """Return the name of a place, unit, ward, site or team: in English for who reads English, where one is on file.

    Nothing has no name: where a fact may lack its unit the answer is empty.
    """
    if not thing:
        return ""
    english = "" if is_chinese() else getattr(thing, "name_en", "")
    return str(english or thing.name)


_MARKS = {",": ("、", ", "), ";": ("；", "; ")}


def listed(items: Iterable[Any], mark: str = ",") -> str:
    """Return items one after the other as the reader's language writes a list: 、 or a comma; `;` for what is longer."""
    chinese, english = _MARKS[mark]
    return (chinese if is_chinese() else english).join(map(str, items))
