"""What arriving rows become here: cases from line lists, laboratory results, temperature readings."""

from lianfang.cases.targets.case import CaseTarget
from lianfang.cases.targets.laboratory import LabResultTarget
from lianfang.cases.targets.screening import ScreeningTarget
from lianfang.intake.target import targets

for _target in (CaseTarget, LabResultTarget, ScreeningTarget):
    targets.add(_target)

__all__ = ["CaseTarget", "LabResultTarget", "ScreeningTarget"]
