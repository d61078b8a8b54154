"""Reads of who holds what."""

from datetime import datetime

from django.db.models import Q

from lianfang.core.access.actor import Actor, Scope
from lianfang.core.access.models import BreakGlass, Grant, User
from lianfang.core.access.permissions import HOLDS, Permission

# What emergency access opens: reading, never writing.
EMERGENCY = frozenset(
    {
        Permission.CASE_VIEW,
        Permission.CONTACT_VIEW,
        Permission.PERSON_VIEW,
        Permission.TASK_VIEW,
        Permission.IDENTITY_REVEAL,
    }
)


def actor_for(user: User, at: datetime) -> Actor:
    """Return what `user` may do at `at`: the roles held then and any emergency access still open (2 queries)."""
    if not user.is_active:
        return Actor(name=user.name, user_id=user.pk)
    now = Q(from_at__lte=at) & (Q(until_at__isnull=True) | Q(until_at__gt=at))
    scopes = [
        Scope(path, HOLDS[role])
        for role, path in Grant.objects.filter(now, user=user).values_list("role", "path")
    ]
    scopes += [
        Scope(path, EMERGENCY)
        for path in BreakGlass.objects.filter(now, user=user).values_list("path", flat=True)
    ]
    return Actor(name=user.name, user_id=user.pk, unit_id=user.unit_id, scopes=tuple(scopes))
