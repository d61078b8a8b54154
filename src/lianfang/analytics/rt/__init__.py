"""Reproduction numbers from counts of cases by day: instantaneous (Cori), by cohort (Wallinga-Teunis), weekly."""

from lianfang.analytics.rt.cohort import CaseReproductionNumber, case_reproduction_number
from lianfang.analytics.rt.instantaneous import ReproductionNumber, infectivity, reproduction_number
from lianfang.analytics.rt.serial_interval import (
    ParametricInterval,
    UncertainInterval,
    discretise_serial_interval,
)
from lianfang.analytics.rt.weekly import (
    DailyCounts,
    daily_counts,
    reproduction_number_from_aggregates,
    reproduction_number_of_growth,
)

__all__ = [
    "CaseReproductionNumber",
    "DailyCounts",
    "ParametricInterval",
    "ReproductionNumber",
    "UncertainInterval",
    "case_reproduction_number",
    "daily_counts",
    "discretise_serial_interval",
    "infectivity",
    "reproduction_number",
    "reproduction_number_from_aggregates",
    "reproduction_number_of_growth",
]
