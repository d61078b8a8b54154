"""What arriving rows become here: facilities, tallies of beds, stays."""

from lianfang.care.targets.facility import FacilityTarget
from lianfang.care.targets.stay import StayTarget
from lianfang.care.targets.tally import TallyTarget
from lianfang.intake.target import targets

for _target in (FacilityTarget, TallyTarget, StayTarget):
    targets.add(_target)

__all__ = ["FacilityTarget", "StayTarget", "TallyTarget"]
