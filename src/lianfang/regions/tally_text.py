"""The query behind the figures as text, compiled once a process: Ibis is loaded only by those who ask."""

from importlib import import_module


def query_of() -> str:
    """Return the SQL that computes every indicator from flows."""
    sql: str = import_module("lianfang.regions.tally").indicator_sql()
    return sql
