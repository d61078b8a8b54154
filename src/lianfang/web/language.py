"""Texts of the rulebook are bilingual data; this picks the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language


def in_language(text: Any) -> str:
    """Return the Chinese or the English of a bilingual text (an object with en and zh, or a mapping of them)."""
    key = "zh" if (get_language() or "").startswith("zh") else "en"
    return str(text[key] if isinstance(text, Mapping) else getattr(text, key))
