"""The import of files step by step, the repair of parked rows, and the export in our own form."""

from lianfang.web.intake import exporting, imports, parked

__all__ = ["exporting", "imports", "parked"]
