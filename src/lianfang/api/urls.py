"""Gathers the endpoints of all apps."""

from lianfang.api import access, audit, cases, contacts, intake, loop, registry
from lianfang.api.door import api

MODULES = (access, audit, cases, contacts, intake, loop, registry)

__all__ = ["MODULES", "api"]
