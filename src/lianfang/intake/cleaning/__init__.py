"""Cells into typed values: every change is reported, what cannot be read becomes a typed problem. Pure."""

from lianfang.intake.cleaning.columns import Cleaned, CleanRow, Options, clean_table

__all__ = ["CleanRow", "Cleaned", "Options", "clean_table"]
