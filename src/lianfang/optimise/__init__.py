"""Who gets what: proposals that are fair, whole, reproducible, and say why. Pure: arrays in, frozen results out.

`assign_beds` places people who wait in beds that are free. A proposal decides nothing: a person accepts, alters or
refuses it (`lianfang.planning` keeps both). `propose_roster` says who works which shift under the rules of rest.
"""

from lianfang.optimise.beds import BedPlan, BedPools, PlacementRules, Waiting, assign_beds
from lianfang.optimise.limits import Limit
from lianfang.optimise.reasons import Reason, WhyNot, WhyPlaced
from lianfang.optimise.roster import Crew, Rest, RosterPlan, ShiftNeed, Short, propose_roster

__all__ = [
    "BedPlan",
    "BedPools",
    "Crew",
    "Limit",
    "PlacementRules",
    "Reason",
    "Rest",
    "RosterPlan",
    "ShiftNeed",
    "Short",
    "Waiting",
    "WhyNot",
    "WhyPlaced",
    "assign_beds",
    "propose_roster",
]
