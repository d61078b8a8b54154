"""Who acts: an explicit value handed to every service and selector, from web, API, command and worker alike."""

from dataclasses import dataclass, field

from lianfang.common.errors import NotPermitted
from lianfang.core.access.permissions import Permission


@dataclass(frozen=True)
class Scope:
    """Some permissions within one area; `path` "" is everywhere (only the system itself has that)."""

    path: str
    permissions: frozenset[Permission]


@dataclass(frozen=True)
class Actor:
    """A user with a unit and scopes, or a part of the system that acts by itself, under its name."""

    name: str
    user_id: int | None = None
    unit_id: int | None = None
    scopes: tuple[Scope, ...] = field(default=())
    is_system: bool = False

    @classmethod
    def system(cls, name: str) -> "Actor":
        """Return the actor for work that no person asked for, such as `loop` or `import`."""
        return cls(name=name, scopes=(Scope("", frozenset(Permission)),), is_system=True)

    def paths(self, permission: Permission) -> tuple[str, ...]:
        """Return the areas in which the actor holds `permission`, without those inside another of them."""
        held = sorted({scope.path for scope in self.scopes if permission in scope.permissions})
        kept: list[str] = []
        for path in held:
            if not any(path.startswith(outer) for outer in kept):
                kept.append(path)
        return tuple(kept)

    def may(self, permission: Permission, path: str | None = None) -> bool:
        """Return whether the actor holds `permission`, in the area `path` where one is given."""
        if path is None:
            return any(permission in scope.permissions for scope in self.scopes)
        return any(permission in scope.permissions and path.startswith(scope.path) for scope in self.scopes)

    def require(self, permission: Permission, path: str | None = None) -> None:
        """Raise NotPermitted unless the actor holds `permission` (in the area `path`)."""
        if not self.may(permission, path):
            raise NotPermitted(permission=str(permission))


NOBODY = Actor(name="nobody")
