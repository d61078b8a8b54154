"""Gathers the endpoints of all apps."""

from lianfang.api import cases, contacts, loop
from lianfang.api.door import api

MODULES = (cases, contacts, loop)

__all__ = ["MODULES", "api"]
