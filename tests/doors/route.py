"""How a published route is called by the tests of the doors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lianfang.core.access.permissions import Permission


@dataclass(frozen=True)
class Route:
    """How a route is called: `names` are its parameters by the name of the object, `needs` the further permissions.

    `units` says that the object belongs to a unit and not to an area: only the named grant then fits.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    send: Mapping[str, Any] = field(default_factory=dict)
    needs: frozenset[Permission] = frozenset()
    fits: tuple[str, ...] = ("own", "parent")
    is_about: bool = True  # False: a list or a form, which everyone who may open it sees, each their own rows


def about(what: str, *needs: Permission, fits: tuple[str, ...] = ("own", "parent"), **send: Any) -> Route:
    """A route with one parameter: `parameter=object`, or the same word for both."""
    parameter, _, thing = what.partition("=")
    return Route({parameter: thing or parameter}, send, frozenset(needs), fits)


def listing(**send: Any) -> Route:
    return Route(send=send, is_about=False)
