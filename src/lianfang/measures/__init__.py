"""Measures in force in an area, response levels, and plans that are prepared, drilled, switched on and switched off."""
