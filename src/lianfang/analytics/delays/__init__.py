"""Delays between exposure, onset and later events, fitted to records that know only windows."""

from lianfang.analytics.delays.families import DelayDistribution
from lianfang.analytics.delays.fitting import DelayComparison, DelayFit, compare_delays, fit_delay
from lianfang.analytics.delays.periods import SerialIntervalByPeriod, serial_interval_by_period

__all__ = [
    "DelayComparison",
    "DelayDistribution",
    "DelayFit",
    "SerialIntervalByPeriod",
    "compare_delays",
    "fit_delay",
    "serial_interval_by_period",
]
