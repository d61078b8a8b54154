"""Texts of the rulebook are bilingual data; this picks the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.forms import ModelChoiceField

from lianfang.common.naming import called, is_chinese


def in_language(text: Any) -> str:
    """Return the Chinese or the English of a bilingual text (an object with en and zh, or a mapping of them)."""
    key = "zh" if is_chinese() else "en"
    return str(text[key] if isinstance(text, Mapping) else getattr(text, key))


class UnitField(ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A choice among units, wards or teams by their names in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name."""
        return called(obj)
