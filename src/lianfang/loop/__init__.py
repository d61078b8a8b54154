"""The engine: what is owed becomes tasks, silence climbs, evidence closes, the source hears back.

Knows no domain app. Domain apps declare duties (`duties.py`) and this app compares them with the tasks that exist.
"""
