"""Gathers the endpoints of all apps."""

from lianfang.api import (
    access,
    audit,
    care,
    cases,
    contacts,
    discovery,
    intake,
    isolation,
    loop,
    measures,
    outlook,
    planning,
    policies,
    registry,
    scenarios,
    teams,
)
from lianfang.api.door import api

MODULES = (
    access,
    audit,
    care,
    cases,
    contacts,
    discovery,
    intake,
    isolation,
    loop,
    measures,
    outlook,
    planning,
    policies,
    registry,
    scenarios,
    teams,
)

__all__ = ["MODULES", "api"]
