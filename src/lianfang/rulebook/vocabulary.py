"""The names that rules and facts share - signs, exposures, findings, tests, specimens, statements - in two languages.

A rule that uses a name no vocabulary file explains does not load: a misspelt sign would never be met, silently.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

from lianfang.rulebook.kinds.care import DischargeParameters, RecurrenceParameters, SeverityParameters
from lianfang.rulebook.kinds.case_definition import (
    DiagnosisParameters,
    ExposureTest,
    FeverTest,
    FlagTest,
    ImagingTest,
    LaboratoryTest,
    NegativesTest,
    RiseTest,
    SignTest,
)
from lianfang.rulebook.terms import Frozen, Text

Group = Literal["signs", "exposures", "findings", "conditions", "tests", "specimens", "statements", "moments"]
GROUPS: tuple[Group, ...] = get_args(Group)
Vocabulary = Mapping[Group, Mapping[str, Text]]
Use = tuple[Group, str, str]


def uses(parameters: Frozen) -> Iterator[Use]:
    """Yield (group, name, field path) for every shared name that a rule's parameters use."""
    if isinstance(parameters, DiagnosisParameters):
        for name, item in parameters.items.items():
            if item.test is not None:
                yield from _of_test(item.test, f"items.{name}.test")
    elif isinstance(parameters, SeverityParameters):
        yield from (("findings", n, "pneumonia_findings") for n in parameters.pneumonia_findings)
    elif isinstance(parameters, RecurrenceParameters):
        yield from (("signs", n, "signs_any_of") for n in parameters.signs_any_of)
        yield from (("findings", n, "findings_any_of") for n in parameters.findings_any_of)
    elif isinstance(parameters, DischargeParameters):
        yield from (("findings", n, "imaging_any_of") for n in parameters.imaging_any_of)
    yield from _of_nested(parameters)


def _of_nested(parameters: Frozen) -> Iterator[Use]:
    negatives = getattr(parameters, "negatives", None)
    if negatives is not None:
        yield from _of_test(negatives, "negatives")
    starts_at = getattr(parameters, "starts_at", None)
    if starts_at is not None:
        yield ("moments", starts_at, "starts_at")


_GROUP_OF: dict[type, Group] = {
    SignTest: "signs",
    ExposureTest: "exposures",
    ImagingTest: "findings",
    LaboratoryTest: "tests",
    NegativesTest: "tests",
    RiseTest: "tests",
    FlagTest: "statements",
}


def _of_test(test: Any, where: str) -> Iterator[Use]:
    group = _GROUP_OF.get(type(test))
    if group is not None:
        yield from ((group, name, f"{where}.any_of") for name in test.any_of)
    if isinstance(test, FeverTest):
        yield ("signs", test.sign, f"{where}.sign")
    if isinstance(test, ExposureTest | LaboratoryTest) and test.anchor != "onset":
        yield ("signs", test.anchor, f"{where}.anchor")
    for name in (*getattr(test, "specimens", ()), *getattr(test, "broken_by", ())):
        yield ("specimens", name, f"{where}.specimens")
