"""Nowcasting: correct the last days of an epidemic curve for reports that have not arrived yet."""

from .estimate import Nowcast, nowcast, nowcast_strata
from .triangle import (
    ReportingTriangle,
    triangle_from_counts,
    triangle_from_line_list,
    triangle_from_matrix,
)
from .vintages import ReportedShare, reported_share

__all__ = [
    "Nowcast",
    "ReportedShare",
    "ReportingTriangle",
    "nowcast",
    "nowcast_strata",
    "reported_share",
    "triangle_from_counts",
    "triangle_from_line_list",
    "triangle_from_matrix",
]
