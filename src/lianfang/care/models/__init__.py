"""Wards and beds, stays, requests for a bed, what is seen of patients, how they leave, and where they stand."""

from lianfang.care.models.clinic import Aid, Comorbidities, FollowUp, Respiratory, Round, Support, Treatment
from lianfang.care.models.pathway import Pathway, PathwayChange, Stage
from lianfang.care.models.request import BedRequest, Direction, Journey
from lianfang.care.models.stay import Departure, How, Stay, VisitDue
from lianfang.care.models.ward import Bed, BedKind, BedTally, CareLevel, Cohort, Upkeep, Ward, WardSex

__all__ = [
    "Aid",
    "Bed",
    "BedKind",
    "BedRequest",
    "BedTally",
    "CareLevel",
    "Cohort",
    "Comorbidities",
    "Departure",
    "Direction",
    "FollowUp",
    "How",
    "Journey",
    "Pathway",
    "PathwayChange",
    "Respiratory",
    "Round",
    "Stage",
    "Stay",
    "Support",
    "Treatment",
    "Upkeep",
    "VisitDue",
    "Ward",
    "WardSex",
]
