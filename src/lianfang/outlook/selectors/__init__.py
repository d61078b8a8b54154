"""Reads of the outlook for doors."""

from lianfang.outlook.selectors.beds import BedOutlook, bed_outlook, beds_of_areas
from lianfang.outlook.selectors.chains import (
    Candidate,
    ChainFilter,
    ChainView,
    Node,
    SourceView,
    chains,
    diseases_with,
    source_of,
    studies,
)
from lianfang.outlook.selectors.foci import (
    AttackRate,
    LastCase,
    attack_rates,
    cases_of_focus,
    days_since_last,
    foci,
    get_focus,
    inspections_of,
    tracing_cost,
    tracing_costs,
    wilson,
)
from lianfang.outlook.selectors.treatments import Known, treatments_known

__all__ = [
    "AttackRate", "BedOutlook", "Candidate", "ChainFilter", "ChainView", "Known", "LastCase", "Node", "SourceView", "attack_rates",
    "bed_outlook", "beds_of_areas", "cases_of_focus", "chains", "days_since_last", "diseases_with", "foci", "get_focus", "inspections_of", "source_of",
    "studies", "tracing_cost", "tracing_costs", "treatments_known", "wilson",
]  # fmt: skip
