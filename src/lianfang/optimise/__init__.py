"""Who gets what: proposals that are fair, whole, reproducible, and say why. Pure: arrays in, frozen results out.

`assign_beds` places people who wait in beds that are free. A proposal decides nothing: a person accepts, alters or
refuses it (`lianfang.planning` keeps both).
"""

from lianfang.optimise.beds import BedPlan, BedPools, PlacementRules, Waiting, assign_beds
from lianfang.optimise.limits import Limit
from lianfang.optimise.reasons import Reason, WhyNot, WhyPlaced

__all__ = [
    "BedPlan",
    "BedPools",
    "Limit",
    "PlacementRules",
    "Reason",
    "Waiting",
    "WhyNot",
    "WhyPlaced",
    "assign_beds",
]
