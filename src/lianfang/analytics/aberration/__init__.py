"""Early warning: detectors that compare a count with what was to be expected."""

from .cusum import cusum
from .ears import ears
from .farrington import IMPROVED, ORIGINAL, FarringtonSettings, exceedance, farrington
from .findings import Aberration
from .re_emergence import re_emergence
from .small_counts import small_counts

__all__ = [
    "IMPROVED",
    "ORIGINAL",
    "Aberration",
    "FarringtonSettings",
    "cusum",
    "ears",
    "exceedance",
    "farrington",
    "re_emergence",
    "small_counts",
]
