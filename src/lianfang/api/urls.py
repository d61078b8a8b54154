"""Gathers the endpoints of all apps."""

from lianfang.api import access, audit, cases, contacts, intake, isolation, loop, outlook, policies, registry
from lianfang.api.door import api

MODULES = (access, audit, cases, contacts, intake, isolation, loop, outlook, policies, registry)

__all__ = ["MODULES", "api"]
