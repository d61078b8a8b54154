"""Cases by their own number and by the numbers of other systems."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lianfang.cases.models import Case
from lianfang.common.bulk import among
from lianfang.core.registry.models import ExternalNumber
from lianfang.intake.target import Context

LABEL = "cases.Case"
_CHARS = 120


class KnownCases:
    """The cases that the numbers of some rows may name, read with three queries."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], context: Context) -> None:
        self._system = context.system
        external = _texts(rows, "external_id")
        numbers = _texts(rows, "number")
        foreign = ExternalNumber.objects.filter(system=context.system, record=LABEL)
        found = dict(foreign.filter(number__in=external | numbers).values_list("number", "record_id"))
        cases = Case.objects.select_related("person", "place")
        by_number: dict[str, Case] = {case.number: case for case in cases.filter(number__in=numbers)}
        by_id: dict[int, Case] = {case.pk: case for case in cases.filter(pk__in=set(found.values()))}
        self._by_number = by_number
        self._by_external = {number: by_id[pk] for number, pk in found.items() if pk in by_id}
        # The other system's own ids, to tell two of its records under one number apart.
        ids = {case.pk for case in by_number.values()}
        self._has_id = set(foreign.filter(record_id__in=ids).values_list("record_id", flat=True))

    def find(self, values: Mapping[str, Any]) -> Case | None:
        """Return the case that the row's numbers name; another system's id outweighs the number."""
        external, number = _text(values, "external_id"), _text(values, "number")
        if external and external in self._by_external:
            return self._by_external[external]
        case = self._by_number.get(number) if number else None
        if case is not None and external and case.pk in self._has_id:
            return None  # the same number under another id of that system is another record
        if case is None and number and not external:
            case = self._by_external.get(number)
        return case

    @staticmethod
    def taken_numbers(rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Return which of the numbers are in use."""
        return {number for (number,) in among(Case, ("number",), "number", _texts(rows, "number"))}

    def sources(self, rows: Sequence[Mapping[str, Any]], named: Mapping[str, Case]) -> dict[str, int]:
        """Return number -> id of the source cases that the rows name, those just opened included."""
        return case_ids(_texts(rows, "source_number"), self._system, named)


def case_ids(numbers: Iterable[str], system: str, named: Mapping[str, Case] | None = None) -> dict[str, int]:
    """Return number -> case id, by other systems' numbers and by our own (ours outweigh)."""
    wanted = set(numbers)
    if not wanted:
        return {}
    foreign = ExternalNumber.objects.filter(system=system, record=LABEL, number__in=wanted)
    found = dict(foreign.values_list("number", "record_id"))
    found.update(Case.objects.filter(number__in=wanted).values_list("number", "pk"))
    found.update({number: case.pk for number, case in (named or {}).items() if number in wanted})
    return found


def remember(pairs: Sequence[tuple[Case, Mapping[str, Any]]], context: Context) -> set[int]:
    """Keep the other system's numbers of the cases; return the cases that got one they did not have."""
    wanted: dict[str, Case] = {}
    for case, values in pairs:
        for text in (_text(values, "external_id"), _text(values, "number")):
            if text and text != case.number:
                wanted.setdefault(text, case)
    if not wanted:
        return set()
    foreign = ExternalNumber.objects.filter(system=context.system, record=LABEL, number__in=wanted)
    known = set(foreign.values_list("number", flat=True))
    rows = [
        ExternalNumber(system=context.system, number=number[:_CHARS], record=LABEL, record_id=case.pk)
        for number, case in wanted.items()
        if number not in known
    ]
    ExternalNumber.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
    return {row.record_id for row in rows}


def _text(values: Mapping[str, Any], name: str) -> str:
    return str(values.get(name) or "")[:_CHARS]


def _texts(rows: Sequence[Mapping[str, Any]], name: str) -> set[str]:
    return {text for values in rows if (text := _text(values, name))}


def people_with_ids(people: set[int], system: str) -> set[int]:
    """Return which of the people have a case with a number of that system."""
    if not people:
        return set()
    cases = dict(Case.objects.filter(person_id__in=people).values_list("pk", "person_id"))
    foreign = ExternalNumber.objects.filter(system=system, record=LABEL, record_id__in=cases)
    return {cases[pk] for pk in foreign.values_list("record_id", flat=True)}
