"""What a finding rests on, as rows for the reader: names and values in words, nothing that is empty, no inner numbers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext

from lianfang.common.naming import listed
from lianfang.web.words import disease_name, words_of

_INNER = frozenset({"grade"})  # a key of the database
# As early warning and the alerts about data write them: `2026-11-17 rising: 1.83 (≤ 1)`, `2020-02-13 jump +13436`.
_SEEN = re.compile(r"(?P<day>\S+) (?P<method>\w+): (?P<seen>\S+) \(≤ (?P<most>\S+)\)")
_STEP = re.compile(r"(?P<day>\d{4}-\d\d-\d\d) (?P<kind>[\w-]+) (?P<size>[+-]?\d+(?:\.\d+)?)")


def evidence_rows(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of each part of the evidence that says something."""
    for name, value in evidence.items():
        if name in _INNER or (value != 0 and not value):
            continue
        yield words_of(name), _value(name, value)


def _value(name: str, value: Any) -> str:
    if name == "disease":
        return disease_name(str(value))
    if name in ("seen", "steps") and isinstance(value, list):
        return listed((_step(str(one)) for one in value), ";")
    return words_of(value)


def _step(text: str) -> str:
    if found := _SEEN.fullmatch(text):
        parts = found.groupdict() | {"method": words_of(found["method"])}
        return gettext("%(day)s, %(method)s: %(seen)s, unremarkable up to %(most)s") % parts
    if found := _STEP.fullmatch(text):
        parts = found.groupdict() | {"kind": words_of(found["kind"])}
        return gettext("%(day)s, %(kind)s: %(size)s") % parts
    return text
