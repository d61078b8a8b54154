"""The ground every domain app stands on: places, units and people; who may see what; what was done by whom."""
