"""Delay-aware reproduction numbers: renewal of infections, delays to counts, weekdays, truncation, forecasts."""

from lianfang.analytics.renewal.estimate import estimate_renewal
from lianfang.analytics.renewal.result import RenewalDraws, RenewalEstimate

__all__ = ["RenewalDraws", "RenewalEstimate", "estimate_renewal"]
