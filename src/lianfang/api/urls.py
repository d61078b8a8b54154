"""Gathers the endpoints of all apps."""

from lianfang.api import (
    access,
    advice,
    audit,
    beds,
    bulletins,
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
    resumption,
    scenarios,
    staff,
    teams,
    treatments,
)
from lianfang.api.door import api

MODULES = (
    access,
    advice,
    audit,
    beds,
    bulletins,
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
    resumption,
    scenarios,
    staff,
    teams,
    treatments,
)

__all__ = ["MODULES", "api"]
