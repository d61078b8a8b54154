"""Care: beds, the way to one, daily rounds, discharge, and the weeks after it."""
